#include "identity/common_password.h"

/* What stands behind a word adds nothing up to here: a year, "123", "!". */
#define ENDING_MAX 6
/* "abcabcabcabc": a part of so many bytes over and over. */
#define REPEATED_MAX  4
#define PASSWORD_ROOM 64

/* The top of published lists, without their endings. */
static const char *const words[] = {
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "pa55word",
    "motdepasse",
    "contrasena",
    "qwerty",
    "qwertz",
    "azerty",
    "qwertyuiop",
    "asdfghjkl",
    "asdfghjkl;",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "zaq12wsx",
    "zaq12wsxcde",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "q1w2e3r4",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "qwer1234",
    "qwe123",
    "asdf1234",
    "abcd1234",
    "abc123",
    "a1b2c3d4",
    "aa123456",
    "123qwe",
    "letmein",
    "iloveyou",
    "welcome",
    "bienvenue",
    "admin",
    "administrator",
    "root",
    "guest",
    "login",
    "master",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "trustno1",
    "shadow",
    "michael",
    "jordan",
    "charlie",
    "starwars",
    "whatever",
    "freedom",
    "computer",
    "internet",
    "samsung",
    "google",
    "changeme",
    "default",
    "secret",
    "access",
    "hello",
    "hunter2",
    "pokemon",
    "liverpool",
    "chelsea",
    "arsenal",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "december",
    "correcthorsebatterystaple",
};

/* Neighbours, forwards and backwards. */
static const char *const rows[] = {"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"};

static bool is_word(struct str text, struct str realm_name)
{
    if (text.len >= 4 && str_equal_nocase(text, realm_name))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (str_equal_nocase(text, str_of(words[i])))
            return true;
    return false;
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte & 0x80);
}

/* A word, and behind it a few signs that are no letters. */
static bool is_word_with_ending(struct str text, struct str realm_name)
{
    for (size_t len = 0; len <= ENDING_MAX && len < text.len; len++) {
        if (is_word(str_slice(text, 0, text.len - len), realm_name))
            return true;
        if (is_letter(text.ptr[text.len - 1 - len]))
            return false;
    }
    return false;
}

static bool is_repeated(struct str text)
{
    for (size_t len = 1; len <= REPEATED_MAX && len * 2 <= text.len; len++) {
        size_t same = len;
        while (same < text.len && text.ptr[same] == text.ptr[same - len])
            same++;
        if (same == text.len)
            return true;
    }
    return false;
}

static bool is_neighbour(char a, char b)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (const char *at = rows[i]; at[1]; at++)
            if ((at[0] == a && at[1] == b) || (at[1] == a && at[0] == b))
                return true;
    }
    return false;
}

/* No more than one step that does not lead to a neighbour: "qwertyuiopasdf", "12345654321". */
static bool is_along_the_keys(struct str text)
{
    size_t jump_count = 0;
    for (size_t i = 1; i < text.len; i++)
        jump_count += text.ptr[i] != text.ptr[i - 1] && !is_neighbour(text.ptr[i - 1], text.ptr[i]);
    return jump_count <= 1;
}

bool password_is_common(struct str password, struct str realm_name)
{
    char lower[PASSWORD_ROOM];
    if (password.len > sizeof(lower))
        return is_repeated(password);
    for (size_t i = 0; i < password.len; i++) {
        char byte = password.ptr[i];
        lower[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    struct str folded = {lower, password.len};
    return is_word_with_ending(folded, realm_name) || is_repeated(folded) || is_along_the_keys(folded);
}
