-- Signatures of postgres_fdw 1.1, after PostgreSQL's contrib/postgres_fdw (PostgreSQL licence). The bodies are stand-ins.
\echo Use "CREATE EXTENSION \"postgres_fdw\"" to load this file. \quit

CREATE FUNCTION postgres_fdw_handler()
RETURNS fdw_handler
LANGUAGE internal STRICT
AS $$fdw_handler_in$$;

CREATE FUNCTION postgres_fdw_validator(text[], oid)
RETURNS void
LANGUAGE plpgsql STRICT
AS $$begin end$$;

CREATE FOREIGN DATA WRAPPER postgres_fdw
  HANDLER postgres_fdw_handler
  VALIDATOR postgres_fdw_validator;

CREATE FUNCTION postgres_fdw_get_connections(OUT server_name text, OUT valid boolean)
RETURNS SETOF record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION postgres_fdw_disconnect(text)
RETURNS bool
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select true$$;

CREATE FUNCTION postgres_fdw_disconnect_all()
RETURNS bool
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select true$$;
