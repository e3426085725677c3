"""The API's pages: what people see who open an address of the API in a browser."""
