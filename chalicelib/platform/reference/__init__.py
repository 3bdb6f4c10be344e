"""The API about itself: an OpenAPI 3.1 document made from the rows and shapes, and a page to read it."""
