// Makes world.json: the outline of every country as an SVG path, by its ISO 3166 code.
// npm install world-atlas@2 topojson-client d3-geo i18n-iso-countries && node make_world.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const codes = require("i18n-iso-countries");
const atlas = JSON.parse(readFileSync(require.resolve("world-atlas/countries-110m.json")));
const WIDTH = 8000; // whole numbers are shorter than decimals

// Without an ISO code of their own: where ISO counts their addresses.
const BY_NAME = { Kosovo: "XK", "N. Cyprus": "CY", Somaliland: "SO" };

const { features } = feature(atlas, atlas.objects.countries);
const shown = features.filter(({ id }) => id !== "010"); // nobody browses from Antarctica
const all = { type: "FeatureCollection", features: shown };
const projection = geoEqualEarth().fitWidth(WIDTH, all);
const [[, top], [, bottom]] = geoPath(projection).bounds(all);
const [x, y] = projection.translate();
projection.translate([x, y - top]);

// Whole numbers, each step relative to the last one: half the size of absolute coordinates.
function relative(path) {
  const rings = path.match(/M[^Z]+Z/g) || [];
  return rings.map((ring) => {
    const points = ring.slice(1, -1).split("L").map((text) => text.split(",").map(Math.round));
    let [px, py] = points[0];
    const steps = [];
    for (const [cx, cy] of points.slice(1)) {
      if (cx === px && cy === py) continue;
      steps.push(`${cx - px},${cy - py}`);
      [px, py] = [cx, cy];
    }
    if (steps.length < 2) return "";
    return `M${points[0]}l${steps.join(" ")}z`.replace(/[ ,]-/g, "-");
  }).join("");
}

const draw = geoPath(projection);
const paths = {};
for (const country of shown) {
  const code = codes.numericToAlpha2(country.id) || BY_NAME[country.properties.name];
  const path = code && relative(draw(country));
  if (path) paths[code] = (paths[code] || "") + path;
  else console.error("left out:", country.properties.name);
}
const world = { width: WIDTH, height: Math.ceil(bottom - top), countries: paths };
writeFileSync(new URL("world.json", import.meta.url), JSON.stringify(world) + "\n");
