"""Pages for administrators, each route with the permission it asks for."""
