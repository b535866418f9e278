"""The widgets: each one a .py here, and a .js and a .css in static/. No torch in this room."""
