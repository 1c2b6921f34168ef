/*
 * operator.h — commands that a running daemon carries out.
 */
#pragma once

struct cli_call;

/* Sends the command with its operands and options as arguments of the same names, and prints what comes back. */
int operator_run(struct cli_call *call);
