/* inadekit --version: what this is, how it was built, and what can compute here. */
#include "commands.h"

#include "base/version.h"
#include "plugin/plugins.h"
#include "run/build.h"

static void show_backend(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    (void)user;
    if (!p) {
        printf("backend refused: %s\n", why_not);
        return;
    }
    const ik_backend_iface *b = p->iface;
    ik__instance *i = NULL;
    ik_error err = {""};
    char text[256] = "";
    bool runs = !ik__instance_named(IK_BACKEND, p->name, &i, &err) &&
                (!b->probe || b->probe(i->self, text, sizeof text));
    ik__instance_free(i);
    printf("backend %s %s: %s%s%s (%s)\n", p->name, p->version,
           runs ? "can run here" : "cannot run here", *text || *err.text ? ": " : "",
           *text ? text : err.text, path);
}

void cli_version(void) {
    puts(ik__version_text());
    ik__build_print(stdout);
    if (!ik__plugins_list(IK_BACKEND, show_backend, NULL))
        puts("no backends found; name their folder in INADEKIT_PLUGIN_PATH");
}
