"""What is to be said outside the database: kept with the data, said by a flow of its own."""
