"""What each page shows, as plain documents; the templates only arrange them."""
