"""Reports: pages, pictures, tables and sentences. They show results; none is computed here."""
