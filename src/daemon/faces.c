#include "daemon/faces.h"

#include "daemon/configuration.h"
#include "dialect/face.h"
#include "http/message.h"
#include "web/site.h"

static struct call *read_authorization(void *arg, struct exchange *exchange, const struct realm *realm,
                                       struct str target)
{
    const struct configuration *configuration = arg;
    return face_read_authorization(configuration->face, exchange, realm, target);
}

static void answer_authorization(void *arg, struct exchange *exchange, struct call *call, struct str target)
{
    const struct configuration *configuration = arg;
    face_answer_authorization(configuration->face, exchange, call, target);
}

bool faces_open(struct configuration *configuration, const struct faces_means *means, struct mistakes *mistakes)
{
    const struct site_means site = {
        .store = means->store,
        .crew = means->crew,
        .dialogue = {.read = read_authorization, .answer = answer_authorization, .arg = configuration},
        .has_mail = configuration->mail.is_there,
    };
    configuration->site =
        site_create(configuration->arena, &site, configuration->realm_list, configuration->realm_count, mistakes);
    if (!configuration->site)
        return false;
    const struct face_means face = {
        .store = means->store,
        .crew = means->crew,
        .meter = means->meter,
        .upstreams = means->upstreams,
        .pages = {.ask = site_ask, .tell = site_tell, .post = site_post, .arg = configuration->site},
    };
    configuration->face =
        face_create(configuration->arena, &face, configuration->face_realms, configuration->realm_count, mistakes);
    return configuration->face != NULL;
}

bool faces_check(const char *path, struct mistakes *mistakes)
{
    static const struct faces_means nothing;
    struct configuration *configuration = configuration_load(path, mistakes);
    return configuration && faces_open(configuration, &nothing, mistakes);
}

/* Pages read small forms, whole. */
bool faces_stream(const struct configuration *configuration, struct exchange *exchange, unsigned parts)
{
    return !str_has_prefix(exchange->request.path, STR("/auth/")) &&
           face_streams(configuration->face, exchange, parts);
}

void faces_handle(const struct configuration *configuration, struct exchange *exchange, unsigned parts)
{
    if ((parts & FACE_PUBLIC) && site_handle(configuration->site, exchange))
        return;
    face_handle(configuration->face, exchange, parts);
}
