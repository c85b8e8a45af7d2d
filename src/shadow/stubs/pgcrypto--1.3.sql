-- Signatures of pgcrypto 1.3, after PostgreSQL's contrib/pgcrypto (PostgreSQL licence). The bodies are stand-ins.
\echo Use "CREATE EXTENSION \"pgcrypto\"" to load this file. \quit

CREATE FUNCTION digest(text, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select case pg_catalog.lower($2) when 'md5' then pg_catalog.decode(pg_catalog.md5(pg_catalog.convert_to($1, 'UTF8')), 'hex') when 'sha224' then pg_catalog.sha224(pg_catalog.convert_to($1, 'UTF8')) when 'sha384' then pg_catalog.sha384(pg_catalog.convert_to($1, 'UTF8')) when 'sha512' then pg_catalog.sha512(pg_catalog.convert_to($1, 'UTF8')) else pg_catalog.sha256(pg_catalog.convert_to($1, 'UTF8')) end$$;

CREATE FUNCTION digest(bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select case pg_catalog.lower($2) when 'md5' then pg_catalog.decode(pg_catalog.md5($1), 'hex') when 'sha224' then pg_catalog.sha224($1) when 'sha384' then pg_catalog.sha384($1) when 'sha512' then pg_catalog.sha512($1) else pg_catalog.sha256($1) end$$;

CREATE FUNCTION hmac(text, text, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select case pg_catalog.lower($3) when 'md5' then pg_catalog.decode(pg_catalog.md5(pg_catalog.convert_to($2 || $1, 'UTF8')), 'hex') when 'sha224' then pg_catalog.sha224(pg_catalog.convert_to($2 || $1, 'UTF8')) when 'sha384' then pg_catalog.sha384(pg_catalog.convert_to($2 || $1, 'UTF8')) when 'sha512' then pg_catalog.sha512(pg_catalog.convert_to($2 || $1, 'UTF8')) else pg_catalog.sha256(pg_catalog.convert_to($2 || $1, 'UTF8')) end$$;

CREATE FUNCTION hmac(bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select case pg_catalog.lower($3) when 'md5' then pg_catalog.decode(pg_catalog.md5($2 || $1), 'hex') when 'sha224' then pg_catalog.sha224($2 || $1) when 'sha384' then pg_catalog.sha384($2 || $1) when 'sha512' then pg_catalog.sha512($2 || $1) else pg_catalog.sha256($2 || $1) end$$;

CREATE FUNCTION crypt(text, text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $2 || pg_catalog.md5($1 || $2)$$;

CREATE FUNCTION gen_salt(text)
RETURNS text
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
AS $$select '$' || $1 || '$' || pg_catalog.md5(pg_catalog.random()::text)$$;

CREATE FUNCTION gen_salt(text, int4)
RETURNS text
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
AS $$select '$' || $1 || '$' || pg_catalog.md5(pg_catalog.random()::text)$$;

CREATE FUNCTION encrypt(bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION decrypt(bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION encrypt_iv(bytea, bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION decrypt_iv(bytea, bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION gen_random_bytes(int4)
RETURNS bytea
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
AS $$select pg_catalog.decode(pg_catalog.substr(pg_catalog.repeat(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), $1 / 16 + 1), 1, $1 * 2), 'hex')$$;

CREATE FUNCTION gen_random_uuid()
RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$select pg_catalog.gen_random_uuid()$$;

CREATE FUNCTION pgp_sym_encrypt(text, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select pg_catalog.convert_to($1, 'UTF8')$$;

CREATE FUNCTION pgp_sym_encrypt_bytea(bytea, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_sym_encrypt(text, text, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select pg_catalog.convert_to($1, 'UTF8')$$;

CREATE FUNCTION pgp_sym_encrypt_bytea(bytea, text, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_sym_decrypt(bytea, text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.encode($1, 'escape')$$;

CREATE FUNCTION pgp_sym_decrypt_bytea(bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_sym_decrypt(bytea, text, text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.encode($1, 'escape')$$;

CREATE FUNCTION pgp_sym_decrypt_bytea(bytea, text, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_pub_encrypt(text, bytea)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select pg_catalog.convert_to($1, 'UTF8')$$;

CREATE FUNCTION pgp_pub_encrypt_bytea(bytea, bytea)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_pub_encrypt(text, bytea, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select pg_catalog.convert_to($1, 'UTF8')$$;

CREATE FUNCTION pgp_pub_encrypt_bytea(bytea, bytea, text)
RETURNS bytea
LANGUAGE sql STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.encode($1, 'escape')$$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea, text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.encode($1, 'escape')$$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea, text, text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.encode($1, 'escape')$$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea, text, text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select $1$$;

CREATE FUNCTION pgp_key_id(bytea)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.md5($1)$$;

CREATE FUNCTION armor(bytea)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select '-----BEGIN PGP MESSAGE-----' || pg_catalog.encode($1, 'base64')$$;

CREATE FUNCTION armor(bytea, text[], text[])
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select '-----BEGIN PGP MESSAGE-----' || pg_catalog.encode($1, 'base64')$$;

CREATE FUNCTION dearmor(text)
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$select pg_catalog.convert_to($1, 'UTF8')$$;

CREATE FUNCTION pgp_armor_headers(text, key OUT text, value OUT text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$begin return; end$$;
