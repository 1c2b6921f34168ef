#include "web/say.h"

#include <time.h>

#include "base/arena.h"
#include "web/site_parts.h"
#include "web/visit.h"

struct str say(const struct visit *visit, enum word word, const json_t *parameters)
{
    struct scope realm = {NULL, visit->place->model};
    struct scope page = {&realm, visit->model};
    struct scope own = {&page, parameters};
    const struct phrase *phrase = visit->language->phrases[visit->place->site->words[word]];
    return phrase_text(visit->arena, phrase, parameters ? &own : &page);
}

static struct str say_count(const struct visit *visit, enum word one, enum word several, int64_t count)
{
    json_t *parameters = json_keep(visit->arena, json_pack("{s:I}", "count", (json_int_t)count));
    return count == 1 ? say(visit, one, NULL) : say(visit, several, parameters);
}

struct str say_duration(const struct visit *visit, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        enum word one;
        enum word several;
    } units[] = {
        {INT64_C(365) * 86400, WORD_duration_year_one, WORD_duration_years},
        {86400, WORD_duration_day_one, WORD_duration_days},
        {3600, WORD_duration_hour_one, WORD_duration_hours},
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (seconds >= units[i].seconds && seconds % units[i].seconds == 0)
            return say_count(visit, units[i].one, units[i].several, seconds / units[i].seconds);
    if (seconds < 60)
        return say_count(visit, WORD_duration_second_one, WORD_duration_seconds, seconds);
    /* Rounded up: who waits so long waits long enough. */
    if (seconds < 2 * 3600)
        return say_count(visit, WORD_duration_minute_one, WORD_duration_minutes, (seconds + 59) / 60);
    return say_count(visit, WORD_duration_hour_one, WORD_duration_hours, (seconds + 3599) / 3600);
}

static struct str find_month(const struct visit *visit, int month)
{
    struct str rest = say(visit, WORD_date_months, NULL), name = STR("");
    for (int i = 0; i <= month && str_next_word(&rest, &name); i++)
        ;
    return name;
}

static struct str say_time(const struct visit *visit, enum word word, int64_t at)
{
    struct tm parts;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &parts);
    struct str month = find_month(visit, parts.tm_mon);
    struct str hour = arena_printf(visit->arena, "%02d", parts.tm_hour);
    struct str minute = arena_printf(visit->arena, "%02d", parts.tm_min);
    json_t *parameters = json_keep(visit->arena, json_pack("{s:i, s:o, s:i, s:o, s:o}", "day", parts.tm_mday, "month",
                                                           json_of_str(month), "year", parts.tm_year + 1900, "hour",
                                                           json_of_str(hour), "minute", json_of_str(minute)));
    return say(visit, word, parameters);
}

struct str say_day(const struct visit *visit, int64_t at)
{
    return say_time(visit, WORD_date_day, at);
}

struct str say_moment(const struct visit *visit, int64_t at)
{
    return say_time(visit, WORD_date_moment, at);
}

/* The first mark that is in the text names it; marks that others have, too, come late. */
struct mark {
    struct str mark;
    struct str name;
};

static bool has_mark(struct str text, struct str mark)
{
    for (size_t i = 0; i + mark.len <= text.len; i++)
        if (str_equal(str_slice(text, i, mark.len), mark))
            return true;
    return false;
}

static struct str find_name(struct str text, const struct mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_mark(text, marks[i].mark))
            return marks[i].name;
    return STR_NONE;
}

struct str say_device(const struct visit *visit, struct str user_agent)
{
    static const struct mark browsers[] = {
        {STR_INIT("Edg"), STR_INIT("Edge")},         {STR_INIT("OPR/"), STR_INIT("Opera")},
        {STR_INIT("Firefox/"), STR_INIT("Firefox")}, {STR_INIT("FxiOS/"), STR_INIT("Firefox")},
        {STR_INIT("CriOS/"), STR_INIT("Chrome")},    {STR_INIT("Chrome/"), STR_INIT("Chrome")},
        {STR_INIT("Safari/"), STR_INIT("Safari")},
    };
    static const struct mark systems[] = {
        {STR_INIT("Windows"), STR_INIT("Windows")}, {STR_INIT("Android"), STR_INIT("Android")},
        {STR_INIT("iPhone"), STR_INIT("iPhone")},   {STR_INIT("iPad"), STR_INIT("iPad")},
        {STR_INIT("Mac OS X"), STR_INIT("macOS")},  {STR_INIT("CrOS"), STR_INIT("ChromeOS")},
        {STR_INIT("Linux"), STR_INIT("Linux")},
    };
    struct str browser = find_name(user_agent, browsers, sizeof(browsers) / sizeof(*browsers));
    struct str system = find_name(user_agent, systems, sizeof(systems) / sizeof(*systems));
    if (!str_is_present(browser) && !str_is_present(system))
        return say(visit, WORD_security_device_unknown, NULL);
    if (!str_is_present(browser))
        browser = say(visit, WORD_security_browser_unknown, NULL);
    if (!str_is_present(system))
        system = say(visit, WORD_security_system_unknown, NULL);
    json_t *parameters = json_keep(
        visit->arena, json_pack("{s:o, s:o}", "browser", json_of_str(browser), "system", json_of_str(system)));
    return say(visit, WORD_security_device, parameters);
}
