#!/bin/sh
# Runs once, when the PostgreSQL volume is empty: a database and a user of its own for each service, and nothing more.
set -e
for service in order stock coupon user pay; do
  psql -v ON_ERROR_STOP=1 --dbname postgres --set name="shop_$service" --set password="${SERVICE_DATABASE_PASSWORD:?}" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
