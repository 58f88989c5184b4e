#!/bin/bash
# Runs once, when the database's volume is empty: two databases, each with an owner, and the logins of the workers and of the dashboards.
# The owners are no superusers. What the workers' role may do is granted by `bdc db roles`.
set -euo pipefail
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password BDC_OWNER_PASSWORD
\getenv collector_password BDC_COLLECTOR_PASSWORD
\getenv reader_password BDC_READER_PASSWORD
\getenv prefect_password PREFECT_PASSWORD
create role bdc_owner login password :'owner_password';
create role bdc_collector nologin;
create role bdc_reader nologin;
create role collector login password :'collector_password' in role bdc_collector;
create role reader login password :'reader_password' in role bdc_reader;
create role prefect login password :'prefect_password';
create database bdc owner bdc_owner;
create database prefect owner prefect;
revoke all on database prefect from public;
SQL
