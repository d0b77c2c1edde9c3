/* inadekit completion: a script for the shell, which asks the program itself what may come next. */
#include "commands.h"

static int bash(const cli_args *args) {
    (void)args;
    fputs("# Completion of inadekit for bash: source <(inadekit completion bash)\n"
          "_inadekit() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} reply rule=\n"
          "    mapfile -t reply < <(\"${COMP_WORDS[0]}\" completion words -- \\\n"
          "        \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
          "    [ \"$current\" != = ] || current=\n"
          "    if [ ${#reply[@]} -gt 0 ]; then rule=${reply[-1]}; fi\n"
          "    case $rule in\n"
          "    @*)\n"
          "        unset 'reply[-1]'\n"
          "        compopt -o filenames 2>/dev/null ;;\n"
          "    *=)\n"
          "        compopt -o nospace 2>/dev/null ;;\n"
          "    esac\n"
          "    case $rule in\n"
          "    @folder)\n"
          "        mapfile -t -O ${#reply[@]} reply < <(compgen -d -- \"$current\") ;;\n"
          "    @file)\n"
          "        mapfile -t -O ${#reply[@]} reply < <(compgen -f -- \"$current\") ;;\n"
          "    @file\\ *)\n"
          "        mapfile -t -O ${#reply[@]} reply < <(\n"
          "            compgen -f -X \"!*.${rule#@file }\" -- \"$current\"\n"
          "            compgen -d -- \"$current\") ;;\n"
          "    esac\n"
          "    COMPREPLY=(\"${reply[@]}\")\n"
          "}\n"
          "complete -F _inadekit inadekit\n",
          stdout);
    return 0;
}

static int words(const cli_args *args) {
    cli_complete(&cmd_root, args->n, args->words, stdout);
    return 0;
}

static const cli_command cmd_bash = {
    .name = "completion bash",
    .summary = "print the script for bash",
    .about = "Prints a script that completes commands, options, plugins and files in bash.",
    .examples =
        "  source <(inadekit completion bash)\n"
        "  inadekit completion bash > ~/.local/share/bash-completion/completions/inadekit\n",
    .run = bash,
};

static const cli_operand any[] = {{"WORD", "word", "", NULL, true, true}, {0}};
static const cli_command cmd_words = {
    .name = "completion words",
    .about = "Prints what may stand in the last word's place, for the script of `completion bash`.",
    .operands = any,
    .run = words,
};

static const cli_command *const actions[] = {&cmd_bash, &cmd_words, NULL};
const cli_command cmd_completion = {
    .name = "completion",
    .summary = "print a script that completes command lines in a shell",
    .about = "Prints a script for a shell, which then completes what is typed.",
    .actions = actions,
};
