/*
 * replay.c — runs a fuzz target once on each file of its corpus, in place of libFuzzer.
 *
 * A finding ends the program. An empty or missing corpus is a failure: it would prove nothing.
 */
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Inputs of fuzzing are small; more is a mistake in the corpus. */
#define INPUT_LIMIT (1 << 20)

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    /* Exactly as long as the input, so that a sanitizer sees the first byte read past it. */
    struct stat status;
    bool is_read = fstat(fileno(file), &status) == 0 && status.st_size <= INPUT_LIMIT;
    size_t len = is_read ? (size_t)status.st_size : 0;
    uint8_t *bytes = malloc(len ? len : 1);
    is_read = is_read && bytes && fread(bytes, 1, len, file) == len;
    fclose(file);
    if (is_read)
        LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    return is_read;
}

int main(int argc, char **argv)
{
    DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;
    if (!corpus) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    int count = 0;
    for (struct dirent *entry; (entry = readdir(corpus));) {
        if (entry->d_name[0] == '.')
            continue;
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        fprintf(stderr, "replay %s\n", path);
        if (!replay_file(path)) {
            perror(path);
            return 1;
        }
        count++;
    }
    closedir(corpus);
    printf("replayed %d inputs\n", count);
    return count ? 0 : 1;
}
