"""The documents as a site: what ProperDocs has to be told beside properdocs.yml."""
