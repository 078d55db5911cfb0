//! The macro that the table is written with.

/// Declares the table; see the top of [`super`]. A handler is written `area::file::function`.
macro_rules! routes {
    (@route $name:ident [$($summary:literal)+] [$($path:literal)+]
        [$($method:ident $auth:ident $($scope:literal)?),+] [$($max:literal)?] [$($($need:ident),+)?] [$($cron:literal)?] [$($format:ident)?]
    ) => {
        Route {
            name: stringify!($name),
            summary: concat!($($summary),+).trim_ascii(),
            paths: &[$($path),+],
            operations: &[$(Operation {
                method: stringify!($method),
                auth: Auth::$auth,
                scope: [$(Some($scope),)? None][0],
            }),+],
            max_duration: Duration::from_secs([$($max,)? DEFAULT_MAX][0]),
            cron: [$(Some($cron),)? None][0],
            needs: &[$($(Need::$need),+)?],
            speaks: [$(Some(Format::$format),)? None][0],
        }
    };
    ($(
        $(#[doc = $summary:literal])+
        $name:ident at $($path:literal)|+ {
            $($method:ident $area:ident::$file:ident::$handler:ident: $auth:ident $($scope:literal)?),+
        }
        $(speaks $format:ident)? $(max $max:literal)? $(needs [$($need:ident),+])? $(cron $cron:literal)?;
    )+) => {
        /// The table without its handlers, so that whoever reads it does not link them.
        pub static ROUTES: &[Route] = &[$(
            routes!(@route $name [$($summary)+] [$($path)+] [$($method $auth $($scope)?),+] [$($max)?]
                [$($($need),+)?] [$($cron)?] [$($format)?])
        ),+];

        $(
            $(#[doc = $summary])+
            pub fn $name() -> Router<SharedApp> {
                static ROUTE: Route = routes!(@route $name [$($summary)+] [$($path)+] [$($method $auth $($scope)?),+]
                    [$($max)?] [$($($need),+)?] [$($cron)?] [$($format)?]);
                let handlers = [$(on(MethodFilter::$method, $area::$file::$handler)),+];
                mount(&ROUTE, handlers)
            }
        )+

        /// What the handlers say of themselves: their OpenAPI attributes, and the schemas that these name.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($area::$file::$handler),+),+))]
        pub struct Documented;

        /// The whole table, for the single-function layout and the local platform.
        pub fn all() -> Router<SharedApp> {
            Router::new()$(.merge($name()))+
        }
    };
}

pub(super) use routes;
