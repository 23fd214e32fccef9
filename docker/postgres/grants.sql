-- Who may do what in one service's database. A superuser runs this in that database, as often as it likes: on a new one, and on
-- one whose tables still belong to the service's role.
--
--   owner    creates, alters and drops. Only migrations log in with it.
--   service  reads and writes rows. The running service logs in with it, so whoever steals its password, or makes one of its
--            statements do something else, can neither drop a table nor add a trigger.
--   others   cannot connect.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
ALTER DATABASE :"database" OWNER TO :"owner";
REASSIGN OWNED BY :"service" TO :"owner";
REVOKE ALL ON DATABASE :"database" FROM :"service";
GRANT CONNECT ON DATABASE :"database" TO :"service";

ALTER SCHEMA public OWNER TO :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC, :"service";
GRANT USAGE ON SCHEMA public TO :"service";

-- What is there, and what later migrations of the owner create.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, :"service";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"service";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"service";
-- Everybody may create large objects unless it is taken away; nothing in the shop uses them.
REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;
-- The owner says which migrations have run; the service only reads that. A new database does not have the table yet, and the
-- migration takes these rights away then.
DO $$
DECLARE
  role text;
BEGIN
  FOR role IN
    SELECT DISTINCT grantee FROM information_schema.role_table_grants AS grants, pg_tables AS tables
     WHERE grants.table_schema = 'public' AND grants.table_name = 'migrations'
       AND tables.schemaname = 'public' AND tables.tablename = 'migrations' AND grantee NOT IN (tableowner, 'PUBLIC')
  LOOP
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON migrations FROM %I', role);
  END LOOP;
END $$;
