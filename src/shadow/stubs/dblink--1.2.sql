-- Signatures of dblink 1.2, after PostgreSQL's contrib/dblink (PostgreSQL licence). The bodies are stand-ins.
\echo Use "CREATE EXTENSION \"dblink\"" to load this file. \quit

CREATE FUNCTION dblink_connect(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_connect(text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_connect_u(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED SECURITY DEFINER
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_connect_u(text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED SECURITY DEFINER
AS $$select ''::pg_catalog.text$$;

REVOKE ALL ON FUNCTION dblink_connect_u (text) FROM public;
REVOKE ALL ON FUNCTION dblink_connect_u (text, text) FROM public;

CREATE FUNCTION dblink_disconnect()
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_disconnect(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_open(text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_open(text, text, boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_open(text, text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_open(text, text, text, boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_fetch(text, int)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_fetch(text, int, boolean)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_fetch(text, text, int)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_fetch(text, text, int, boolean)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_close(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_close(text, boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_close(text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_close(text, text, boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink(text, text)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink(text, text, boolean)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink(text)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink(text, boolean)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_exec(text, text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_exec(text, text, boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_exec(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_exec(text,boolean)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE TYPE dblink_pkey_results AS (position int, colname text);

CREATE FUNCTION dblink_get_pkey(text)
RETURNS setof dblink_pkey_results
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_build_sql_insert(text, int2vector, int, _text, _text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_build_sql_delete(text, int2vector, int, _text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_build_sql_update(text, int2vector, int, _text, _text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_current_query()
RETURNS text
LANGUAGE sql PARALLEL RESTRICTED
AS $$select pg_catalog.current_query()$$;

CREATE FUNCTION dblink_send_query(text, text)
RETURNS int4
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select 0$$;

CREATE FUNCTION dblink_is_busy(text)
RETURNS int4
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select 0$$;

CREATE FUNCTION dblink_get_result(text)
RETURNS SETOF record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_get_result(text, bool)
RETURNS SETOF record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_get_connections()
RETURNS text[]
LANGUAGE plpgsql PARALLEL RESTRICTED
AS $$begin return null; end$$;

CREATE FUNCTION dblink_cancel_query(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_error_message(text)
RETURNS text
LANGUAGE sql STRICT PARALLEL RESTRICTED
AS $$select ''::pg_catalog.text$$;

CREATE FUNCTION dblink_get_notify(OUT notify_name TEXT, OUT be_pid INT4, OUT extra TEXT)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_get_notify(conname TEXT, OUT notify_name TEXT, OUT be_pid INT4, OUT extra TEXT)
RETURNS setof record
LANGUAGE plpgsql STRICT PARALLEL RESTRICTED
AS $$begin return; end$$;

CREATE FUNCTION dblink_fdw_validator(options text[], catalog oid)
RETURNS void
LANGUAGE plpgsql STRICT PARALLEL SAFE
AS $$begin end$$;

CREATE FOREIGN DATA WRAPPER dblink_fdw VALIDATOR dblink_fdw_validator;
