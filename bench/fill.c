/*
 * fill.c — fills a stopped daemon's database with live tokens of one client, by the store's own verbs.
 *
 * The tokens are made as if they had been issued evenly over the first half of a lifetime that has just passed, so
 * that all of them stay live for the other half. Some, spread evenly, are kept as text for the load generator; nobody
 * knows the secrets of the rest. Commits are not synced while filling: bench/run syncs the file at the end.
 *
 * Threads: one, and the store's.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

#define TOKENS_PER_UNIT 20000

struct settings {
    const char *database;
    const char *realm;
    const char *client_id;
    const char *scope;
    const char *sample_file;
    int64_t lifetime_seconds;
    size_t token_count;
    size_t sample_count;
    struct token_format format;
};

/* The rows that every token hangs on. */
struct owner {
    struct unit unit;
    const struct settings *settings;
    struct arena *arena;
    const struct client_row *client; /* NULL: not found */
    int64_t scope_set;
};

struct token_batch {
    struct unit unit;
    const struct owner *owner;
    int64_t made_at;
    size_t count;
    struct access_token_row *rows;
    struct token_draft *drafts; /* without secret: not kept */
};

static void fail(const char *what)
{
    fprintf(stderr, "fill: %s\n", what);
    exit(1);
}

static enum outcome find_owner(struct unit *unit, struct store_tx *tx)
{
    struct owner *owner = (struct owner *)unit;
    int64_t realm_id;
    struct client_row *client;
    TRY(realm_row_id(tx, str_of(owner->settings->realm), &realm_id));
    TRY(client_find(store_tx_reader(tx), owner->arena, realm_id, str_of(owner->settings->client_id), &client));
    owner->client = client;
    return scope_set_intern(tx, str_of(owner->settings->scope), &owner->scope_set);
}

static enum outcome insert_tokens(struct unit *unit, struct store_tx *tx)
{
    struct token_batch *batch = (struct token_batch *)unit;
    for (size_t i = 0; i < batch->count; i++) {
        batch->rows[i].id = store_tx_token_id(tx, batch->made_at);
        TRY(access_token_insert(tx, &batch->rows[i]));
    }
    return OK;
}

/* Whether the token with this number is in the sample: exactly sample_count of token_count are. */
static bool is_sampled(const struct settings *settings, size_t number)
{
    return number * settings->sample_count / settings->token_count !=
           (number + 1) * settings->sample_count / settings->token_count;
}

/* Randomness is drawn here, not in the transaction: that may run twice. */
static void draft_tokens(struct token_batch *batch, struct arena *arena, size_t first_number)
{
    const struct settings *settings = batch->owner->settings;
    batch->rows = arena_array(arena, struct access_token_row, batch->count);
    batch->drafts = arena_array(arena, struct token_draft, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        struct access_token_row *row = &batch->rows[i];
        row->client_id = batch->owner->client->id;
        row->scope_set = batch->owner->scope_set;
        row->expires_at = batch->made_at + settings->lifetime_seconds;
        if (!is_sampled(settings, first_number + i)) {
            random_bytes(&row->secret_hash, sizeof row->secret_hash);
            continue;
        }
        token_draft_random(arena, &settings->format, &batch->drafts[i]);
        row->secret_hash = batch->drafts[i].secret_hash;
    }
}

static void write_sample(const struct token_batch *batch, struct arena *arena, FILE *file)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct token_draft *draft = &batch->drafts[i];
        if (!str_is_present(draft->secret))
            continue;
        draft->id = batch->rows[i].id;
        struct str token = token_write(arena, &batch->owner->settings->format, draft);
        fprintf(file, "%.*s\n", STR_ARGS(token));
    }
}

static void fill_batch(struct store *store, const struct owner *owner, size_t first_number, int64_t began_at,
                       FILE *sample)
{
    const struct settings *settings = owner->settings;
    int64_t span_seconds = settings->lifetime_seconds / 2;
    size_t left = settings->token_count - first_number;
    struct token_batch batch = {
        .unit.apply = insert_tokens,
        .owner = owner,
        .made_at = began_at - span_seconds +
                   (int64_t)((double)span_seconds * (double)first_number / (double)settings->token_count),
        .count = left < TOKENS_PER_UNIT ? left : TOKENS_PER_UNIT,
    };
    struct arena *arena = arena_create();
    draft_tokens(&batch, arena, first_number);
    if (store_run(store, &batch.unit) != OK)
        fail("the store refuses tokens");
    write_sample(&batch, arena, sample);
    arena_destroy(arena);
}

static void fill(const struct settings *settings, struct arena *arena)
{
    struct str error = STR_NONE;
    struct store_options options = {.path = settings->database, .is_without_sync = true};
    struct store *store = store_open(&options, arena, &error);
    if (!store)
        fail(arena_cstr(arena, error));
    struct owner owner = {.unit.apply = find_owner, .settings = settings, .arena = arena};
    if (store_run(store, &owner.unit) != OK || !owner.client)
        fail("no such client");
    FILE *sample = fopen(settings->sample_file, "w");
    if (!sample)
        fail("cannot write the sample file");

    int64_t began_at = clock_now();
    for (size_t number = 0; number < settings->token_count; number += TOKENS_PER_UNIT)
        fill_batch(store, &owner, number, began_at, sample);
    if (fclose(sample))
        fail("cannot write the sample file");
    store_close(store);
}

static void show_usage(void)
{
    fputs("usage: fill --database FILE --realm NAME --client-id ID --scope TEXT --lifetime SECONDS\n"
          "            --tokens N --sample N --sample-file FILE --prefix TEXT --length N\n"
          "Tokens are base62 with a checksum; --length counts all but the prefix.\n",
          stderr);
    exit(2);
}

static bool take_option(struct settings *settings, int option, const char *text)
{
    switch (option) {
    case 'd':
        settings->database = text;
        return true;
    case 'r':
        settings->realm = text;
        return true;
    case 'c':
        settings->client_id = text;
        return true;
    case 's':
        settings->scope = text;
        return true;
    case 'l':
        settings->lifetime_seconds = atoll(text);
        return true;
    case 'n':
        settings->token_count = strtoul(text, NULL, 10);
        return true;
    case 'm':
        settings->sample_count = strtoul(text, NULL, 10);
        return true;
    case 'f':
        settings->sample_file = text;
        return true;
    case 'p':
        settings->format.prefix = str_of(text);
        return true;
    case 'w':
        settings->format.length = (unsigned)atoi(text);
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"database", required_argument, NULL, 'd'},
        {"realm", required_argument, NULL, 'r'},
        {"client-id", required_argument, NULL, 'c'},
        {"scope", required_argument, NULL, 's'},
        {"lifetime", required_argument, NULL, 'l'},
        {"tokens", required_argument, NULL, 'n'},
        {"sample", required_argument, NULL, 'm'},
        {"sample-file", required_argument, NULL, 'f'},
        {"prefix", required_argument, NULL, 'p'},
        {"length", required_argument, NULL, 'w'},
        {0},
    };
    struct settings settings = {.scope = "", .format = {.alphabet = TOKEN_BASE62, .has_checksum = true}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(&settings, option, optarg))
            show_usage();
    }
    bool is_complete = settings.database && settings.realm && settings.client_id && settings.sample_file &&
                       settings.lifetime_seconds > 0 && settings.token_count > 0 &&
                       settings.sample_count <= settings.token_count &&
                       settings.format.length >= TOKEN_BASE62_LENGTH_MIN + TOKEN_CHECKSUM_LEN;
    if (optind != argc || !is_complete)
        show_usage();

    struct arena *arena = arena_create();
    fill(&settings, arena);
    arena_destroy(arena);
    return 0;
}
