#!/bin/sh
# For each service a database and two roles with a password each; grants.sql says what each role may do. PostgreSQL's image runs
# this once, when its volume is empty. It may run again at any time: it creates what is missing and sets the passwords of its
# environment, so it also brings a volume of an older version up to date and changes a password:
#   docker compose exec postgres sh /docker-entrypoint-initdb.d/create-databases.sh
set -e
grants=${GRANTS_SQL:-/usr/local/share/rocketshop/grants.sql}
run() { psql -v ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" "$@"; }

# Everybody may connect to these two databases unless it is taken away.
run --dbname postgres -c 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'

seen=
for service in order stock coupon user pay; do
  name=$(echo "$service" | tr '[:lower:]' '[:upper:]')
  eval "service_password=\${${name}_DATABASE_PASSWORD:?} owner_password=\${${name}_OWNER_PASSWORD:?}"
  for password in "$service_password" "$owner_password"; do
    case "$seen" in
      *"|$password|"*) echo "two of the database passwords are the same; $service has the second" >&2; exit 1 ;;
    esac
    seen="$seen|$password|"
  done
  # The passwords are passed by standard input: a command line can be read by every user of the machine.
  run --dbname postgres <<SQL
\\set service_password '$(echo "$service_password" | sed "s/[\\\\']/\\\\&/g")'
\\set owner_password '$(echo "$owner_password" | sed "s/[\\\\']/\\\\&/g")'
SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY['shop_$service', 'shop_${service}_owner']) AS role
 WHERE role NOT IN (SELECT rolname FROM pg_roles) \\gexec
ALTER ROLE shop_$service LOGIN PASSWORD :'service_password';
ALTER ROLE shop_${service}_owner LOGIN PASSWORD :'owner_password';
SELECT 'CREATE DATABASE shop_$service OWNER shop_${service}_owner'
 WHERE 'shop_$service' NOT IN (SELECT datname FROM pg_database) \\gexec
SQL
  run --dbname "shop_$service" --set database="shop_$service" --set owner="shop_${service}_owner" --set service="shop_$service" --file "$grants"
done
