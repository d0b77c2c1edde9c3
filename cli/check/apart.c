/* A discriminator that says `samplewise` is judging fakes and pictures apart where that is cheaper.
 * Here it judges both at once instead: losses and gradients have to be the same. */
#include "trial.h"

#include "plugin/plugins.h"

#include <math.h>

/* In double precision; sums of another order. */
static const double CLOSE = 1e-8;

static void compare(check_findings *f, const ik_plugin *p, const check_trial *apart,
                    const check_trial *together, const char *at) {
    for (int u = 0; u < apart->s->model->players.n_updates; u++) {
        if (!apart->s->update[u]) continue;
        if (!check_trial_step(f, p, apart, u, false) || !check_trial_step(f, p, together, u, false))
            return;
        double a = check_trial_loss(apart, u), b = check_trial_loss(together, u);
        bool close = fabs(a - b) <= CLOSE * fmax(1, fabs(a)) &&
                     check_trial_distance(apart, together, u) <= CLOSE;
        if (close) continue;
        check_found(f, CHECK_WRONG,
                    "%s: the %s loss is %.9g where fakes and pictures are judged apart, and %.9g "
                    "together: a picture's features depend on others, so `samplewise` is not true",
                    at, apart->whose[u], a, b);
        return;
    }
    check_found(f, CHECK_FINE, "%s: it judges pictures apart as it does together", at);
}

void check_apart(check_findings *f, const check_subject *of, check_size size,
                 const check_trial *apart, const char *at) {
    const ik_plugin *p = of->plugin;
    const ik_discriminator_iface *iface = p->iface;
    if (!iface->samplewise) return;
    ik_discriminator_iface joint = *iface; /* all of it is as of 1.0 */
    joint.samplewise = false;
    ik_plugin copy = *p;
    copy.iface = &joint;
    const ik_plugin *const copies[] = {&copy, NULL};
    check_trial t;
    ik_error err = {""};
    const ik_plugin *const *before = ik__plugins_prefer(copies);
    ik_status status = check_trial_new(of, size, "naive", &t, &err);
    if (!status) status = check_trial_copy(apart, &t, &err);
    if (status)
        check_found_error(f, at, &err);
    else
        compare(f, p, apart, &t, at);
    check_trial_free(&t);
    ik__plugins_prefer(before);
}
