#include "daemon/manual.h"

#include "base/buf.h"

static const char text_front[] =
    "jeton.yaml: the configuration of `jeton serve`. `jeton check --config FILE` tells every mistake at once.\n\n";

static const char markdown_front[] =
    "# jeton.yaml\n\n"
    "The configuration of `jeton serve`. `jeton check --config jeton.yaml` tells all its mistakes at once: file,\n"
    "line, key, what was found and what is allowed. A daemon that runs reads it again on SIGHUP; a file with "
    "mistakes\n"
    "is logged and changes nothing.\n\n"
    "This page is made from the table that reads the file: `jeton help configuration --markdown`.\n";

static const char man_front[] =
    ".TH JETON.YAML 5 \"\" \"Jeton\" \"File Formats\"\n"
    ".SH NAME\njeton.yaml \\- configuration of the Jeton authorization server\n"
    ".SH DESCRIPTION\n"
    "One YAML document without anchors, tags and repeated keys. Paths are relative to the file.\n"
    ".B jeton check \\-\\-config FILE\ntells all its mistakes at once: file, line, key, what was found and what is\n"
    "allowed. A daemon that runs reads the file again on SIGHUP; a file with mistakes is logged and changes "
    "nothing.\n"
    ".SH KEYS\n";

static const char man_back[] = ".SH EXAMPLE\n.nf\n"
                               "listeners:\n"
                               "  \\- {address: 127.0.0.1:8080, serves: [public]}\n"
                               "  \\- {address: 127.0.0.1:8081, serves: [guard, operations]}\n"
                               "realms:\n"
                               "  main:\n"
                               "    dialect: standard\n"
                               "    issuer: https://auth.example.com\n"
                               "    grants:\n"
                               "      client_credentials: {}\n"
                               "    scopes:\n"
                               "      read: {description: Read everything}\n"
                               "    default_scope: read\n"
                               ".fi\n.SH SEE ALSO\n.BR jeton (1)\n";

void manual_write(const struct setting *rows, struct buf *out, enum reference_kind kind)
{
    static const char *const fronts[] = {
        [REFERENCE_TEXT] = text_front, [REFERENCE_MARKDOWN] = markdown_front, [REFERENCE_MAN] = man_front};
    buf_add(out, str_of(fronts[kind]));
    reference_write(rows, out, kind);
    if (kind == REFERENCE_MAN)
        buf_add(out, str_of(man_back));
}
