#!/usr/bin/env bash
# Runs a test of licgen with its ledgers in PostgreSQL: in place of the file in a home there is a schema for it.
#
# usage: tests/cli/on_postgres.sh TEST...        with $LICGEN, as the tests want it
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/postgres.sh"
start_postgres || exit 1
trap stop_postgres EXIT

mkdir "$PG_DIR/bin" || exit 1
cat >"$PG_DIR/bin/licgen" <<END
#!/usr/bin/env bash
home=\${LICGEN_HOME:-\$HOME/.licgen}
for ((i = 1; i < \$#; ++i)); do
  case \${!i} in
    --home) j=\$((i + 1)) home=\${!j} ;;
    --ledger) exec '$LICGEN' "\$@" ;;
  esac
done
schema=home_\$(realpath -m -- "\$home" | md5sum | cut -c1-12)
if [ ! -e "$PG_DIR/bin/\$schema" ]; then
  psql -h '$PG_DIR' -p $PG_PORT -U postgres -d postgres -qc "CREATE SCHEMA IF NOT EXISTS \$schema" 2>/dev/null
  : >"$PG_DIR/bin/\$schema"
fi
exec '$LICGEN' --ledger "$PG_URL&options=-csearch_path%3D\$schema" "\$@"
END
chmod 755 "$PG_DIR/bin/licgen"
export LICGEN=$PG_DIR/bin/licgen LIC_ON_POSTGRES=1
for test in "$@"; do
  bash "$test" || exit 1
done
