//! What runs in the place of which service, for whoever looks at `/_local`.

use super::{NAMES, Platform};
use crate::overview::{Overview, Service};

impl Platform {
    /// What the page at `/_local` shows of this platform, whose gateway is at `address`.
    pub(super) fn overview(&self, address: &str) -> Overview {
        Overview {
            services: self.services(address),
            database: self.database.clone(),
            mailbox: self.mailbox.clone(),
            stripe: self.is_stripe_stand_in().then(|| self.stripe.clone()),
            hands_out_tokens: self.is_privy_stand_in(),
        }
    }

    fn services(&self, address: &str) -> Vec<Service> {
        let service = |what, by: &str, address: Option<String>| Service { what, by: by.to_owned(), address };
        // Its password is nobody's business, so only parts of the address are shown.
        let database = self.database.url().parse::<tokio_postgres::Config>().ok().map(|config| {
            let port = config.get_ports().first().copied().unwrap_or(5432);
            format!("database {}, port {port}", config.get_dbname().unwrap_or("postgres"))
        });
        let is_in_process = self.upstash.contents().is_ok();
        let redis = if is_in_process { "one in this process" } else { "the one of REDIS_URL" };
        let real = self.real_providers();
        let providers = match real.is_empty() {
            true => "stand-ins, whose answers are made up".to_owned(),
            false => format!("{}; stand-ins answer nothing but test/… models", real.join(", ")),
        };
        let or_real = |is_stand_in: bool, stand_in: &str, real: &str, url: &str| {
            if is_stand_in { (stand_in.to_owned(), Some(url.to_owned())) } else { (real.to_owned(), None) }
        };
        let (privy, privy_url) =
            or_real(self.is_privy_stand_in(), "a stand-in of Privy", "the Privy app of PRIVY_APP_ID", self.privy.url());
        let (stripe, stripe_url) = or_real(
            self.is_stripe_stand_in(),
            "a stand-in of Stripe: nothing is paid",
            "the Stripe account of STRIPE_SECRET_KEY",
            self.stripe.url(),
        );
        let is_mail_stand_in = self.variables.get("RESEND_API_KEY") == Some(&self.secrets.of("resend key"));
        let (mail, mail_url) = or_real(
            is_mail_stand_in,
            "a stand-in of Resend: nothing is sent",
            "Resend, with RESEND_API_KEY",
            self.variables.get("RESEND_BASE_URL").map_or("", String::as_str),
        );
        vec![
            service("Gateway", "this program", Some(address.to_owned())),
            service("Database", "Postgres", database),
            service("Its API", "a stand-in of Supabase's PostgREST", Some(self.postgrest.url().to_owned())),
            service("Redis", &format!("{redis}, behind a stand-in of Upstash's API"), Some(self.upstash.url())),
            service("Providers", &providers, NAMES.first().and_then(|name| self.providers.base_url(name))),
            service("Sign-in", &privy, privy_url),
            service("Mail", &mail, mail_url),
            service("Payments", &stripe, stripe_url),
            service("Cron jobs", "a timer, every five minutes", None),
        ]
    }
}
