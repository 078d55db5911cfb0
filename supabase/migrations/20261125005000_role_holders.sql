-- So that administrators, and the holders of any role, are found without reading every account; the newest first.
create index accounts_role on gateway.accounts (role, created_at, id);
