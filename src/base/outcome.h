/*
 * outcome.h — how a step of a request ends.
 *
 * Two channels that never mix: REFUSED is the client's answer (the call's refusal says which), FAILED is the
 * machine's failure (logged once, where it happened). Both stop the steps that follow; REFUSED commits what
 * the unit wrote, FAILED rolls it back.
 */
#pragma once

enum outcome {
    OK = 0,
    REFUSED, /* the request is wrong: the call's refusal says how; no error of ours */
    FAILED,  /* we are at fault: logged once, where it happened; the client hears server_error */
};

#define STEP __attribute__((warn_unused_result)) enum outcome

/* Passes on whatever stopped the callee. */
#define TRY(step)                                                                                                    \
    do {                                                                                                             \
        enum outcome outcome_ = (step);                                                                              \
        if (outcome_ != OK)                                                                                          \
            return outcome_;                                                                                         \
    } while (0)
