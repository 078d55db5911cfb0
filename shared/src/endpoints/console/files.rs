//! The files themselves, each compressed when it is first asked for.

use std::sync::OnceLock;

use bytes::Bytes;

use super::sent;
use crate::endpoints::cached::Cached;

/// A file of `public/console`.
struct File {
    name: &'static str,
    content: &'static [u8],
    cached: OnceLock<Option<Cached>>,
}

/// The file of that name, as it is sent.
pub fn find(name: &str) -> Option<&'static Cached> {
    let file = FILES.iter().find(|file| file.name == name)?;
    file.cached.get_or_init(|| sent(file.name, Bytes::from_static(file.content))).as_ref()
}

macro_rules! files {
    ($($name:literal)*) => {
        static FILES: [File; [$($name),*].len()] = [$(File {
            name: $name,
            content: include_bytes!(concat!("../../../../public/console/", $name)),
            cached: OnceLock::new(),
        }),*];
    };
}

// All of the folder but its documents and the types that only its check reads.
files! {
    "app.js"
    "favicon.svg"
    "landing.js"
    "lib/api.js"
    "lib/csv.js"
    "lib/days.js"
    "lib/format.js"
    "lib/me.js"
    "lib/privy.js"
    "lib/route.js"
    "lib/session.js"
    "lib/sign_out.js"
    "lib/snippets.js"
    "lib/stream.js"
    "lib/ui.js"
    "lib/use.js"
    "main.js"
    "screens.js"
    "screens/audit.js"
    "screens/business.js"
    "screens/catalog.js"
    "screens/catalog/aliases.js"
    "screens/catalog/lists.js"
    "screens/catalog/model_form.js"
    "screens/catalog/models.js"
    "screens/catalog/price.js"
    "screens/catalog/route_form.js"
    "screens/catalog/routes.js"
    "screens/chats.js"
    "screens/chats/chat.js"
    "screens/coupons.js"
    "screens/coupons/list.js"
    "screens/coupons/new_coupon.js"
    "screens/coupons/promotions.js"
    "screens/coupons/referrals.js"
    "screens/credit.js"
    "screens/credit/at_stripe.js"
    "screens/credit/auto_topup.js"
    "screens/credit/balance.js"
    "screens/credit/buy.js"
    "screens/credit/coupons.js"
    "screens/credit/ledger.js"
    "screens/credit/limits.js"
    "screens/credit/payments.js"
    "screens/credit/plan.js"
    "screens/credit/referrals.js"
    "screens/credit/statement.js"
    "screens/end_users.js"
    "screens/end_users/budget.js"
    "screens/health.js"
    "screens/health/alerts.js"
    "screens/health/breakers.js"
    "screens/health/ledger.js"
    "screens/keys.js"
    "screens/keys/acts.js"
    "screens/keys/form.js"
    "screens/keys/secret.js"
    "screens/keys/settings.js"
    "screens/models.js"
    "screens/models/sheet.js"
    "screens/overview.js"
    "screens/overview/by_model.js"
    "screens/overview/first_steps.js"
    "screens/overview/top_list.js"
    "screens/paid.js"
    "screens/payments.js"
    "screens/payments/refund.js"
    "screens/payments/sheet.js"
    "screens/plans.js"
    "screens/plans/form.js"
    "screens/playground.js"
    "screens/playground/answer.js"
    "screens/playground/as_code.js"
    "screens/playground/compose.js"
    "screens/playground/parameters.js"
    "screens/playground/tool_results.js"
    "screens/requests.js"
    "screens/requests/costs.js"
    "screens/requests/sheet.js"
    "screens/requests/waterfall.js"
    "screens/roles.js"
    "screens/roles/form.js"
    "screens/settings.js"
    "screens/settings/answer_cache.js"
    "screens/settings/notifications.js"
    "screens/settings/privacy.js"
    "screens/settings/profile.js"
    "screens/settings/provider_key_form.js"
    "screens/settings/provider_keys.js"
    "screens/settings/security.js"
    "screens/settings/thresholds.js"
    "screens/settings/webhook_deliveries.js"
    "screens/settings/webhook_form.js"
    "screens/settings/webhooks.js"
    "screens/sign_in.js"
    "screens/traffic.js"
    "screens/usage.js"
    "screens/usage/groups.js"
    "screens/users.js"
    "screens/users/acts.js"
    "screens/users/new_user.js"
    "screens/users/user.js"
    "shell.js"
    "style.css"
    "ui/badge.js"
    "ui/button.js"
    "ui/card.js"
    "ui/chart.js"
    "ui/code.js"
    "ui/dialog.js"
    "ui/field.js"
    "ui/icons.js"
    "ui/palette.js"
    "ui/screen.js"
    "ui/states.js"
    "ui/table.js"
    "ui/toast.js"
    "vendor/LICENSE-htm.txt"
    "vendor/LICENSE-preact.txt"
    "vendor/LICENSE-uplot.txt"
    "vendor/htm-3.1.1.mjs"
    "vendor/preact-11.2.0.mjs"
    "vendor/preact-hooks-11.2.0.mjs"
    "vendor/uplot-1.6.32.mjs"
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { below(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_here() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/console");
        let mut found = Vec::new();
        below(&root, &mut found);
        let names = found.iter().filter_map(|path| path.strip_prefix(&root).ok()?.to_str());
        let mut wanted: Vec<&str> = names.filter(|name| !name.ends_with(".md") && !name.ends_with(".d.mts")).collect();
        wanted.sort_unstable();
        let listed: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        assert_eq!(listed, wanted);
        for name in listed {
            assert!(find(name).is_some(), "{name}: no content type is known for it");
        }
        assert!(find("../main.js").is_none() && find("vendor").is_none());
    }
}
