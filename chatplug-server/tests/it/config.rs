//! Configurations, right and wrong. What is told about a wrong one is what a person has to mend it with.

use chatplug_server::config::{Config, Credential, Environment, ProviderConfig, parse};

/// A master key as it is written: 32 bytes, all of them zero.
const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const CALENDAR: &str = "name = \"Bella\"\nzone = \"Europe/Lisbon\"\ncountry = \"PT\"\ncurrency = \"EUR\"\n\
    hours = { mon-fri = [\"09:00-18:00\"] }\n[[services]]\nid = \"cut\"\nname = \"Cut\"\nminutes = 30\n\
    [[staff]]\nid = \"ana\"\nname = \"Ana\"\n";

const RIGHT: &str = r#"
[server]
bind = "0.0.0.0:9000"

[[meta_app]]
name = "main"
app_secret = { env = "SECRET" }
verify_token = { file = "verify.txt" }

[[tenant]]
id = "bella"
name = "Bella Vista"
[[tenant.branch]]
id = "centro"
calendar = "calendar.toml"
[[tenant.channel]]
id = "main"
provider = "meta"
phone_number_id = "106540352242922"
access_token = { env = "TOKEN" }
"#;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("calendar.toml"), CALENDAR).unwrap();
    std::fs::write(folder.path().join("verify.txt"), "word\n").unwrap();
    let wrong = CALENDAR.replace("minutes = 30", "minutes = 30\nimge = 1\nprice = \"much\"\nstaff = [\"anna\"]");
    let wrong = wrong.replace("Europe/Lisbon", "Europe/Lisbom").replace("09:00-18:00", "9-18h");
    std::fs::write(folder.path().join("wrong.toml"), wrong).unwrap();
    let variables = [("SECRET", "s"), ("TOKEN", "t"), ("EMPTY", " "), ("CHATPLUG__VAULT__MASTER_KEYS", KEY)]
        .into_iter()
        .chain(environment.iter().copied());
    let environment = Environment(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    parse("f.toml", text, folder.path(), &environment).map_err(|problems| {
        let folder = format!("{}/", folder.path().display());
        problems.0.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    })
}

#[test]
fn a_right_one_is_read() {
    let config = read(RIGHT, &[]).unwrap();
    assert_eq!(config.server.bind.to_string(), "0.0.0.0:9000");
    assert_eq!(config.store.shown(), "sqlite:chatplug.sqlite");
    assert_eq!(config.master_keys.as_ref().unwrap().names().count(), 1);
    assert_eq!(config.meta_apps[0].endpoint, "main");
    let tenant = &config.tenants[0];
    assert_eq!((tenant.id.as_str(), tenant.branches.len(), tenant.channels[0].branches.len()), ("bella", 1, 1));
}

#[test]
fn the_environment_wins_and_may_hold_secrets() {
    let environment = [
        ("CHATPLUG__SERVER__BIND", "127.0.0.1:1"),
        ("CHATPLUG__SERVER__WORKERS", "3"),
        ("CHATPLUG__TENANT__BELLA__NAME", "42"),
        ("CHATPLUG__TENANT__0__POLICY__MAX_UPCOMING", "2"),
        ("CHATPLUG__META_APP__MAIN__APP_SECRET", "plain"),
    ];
    let config = read(RIGHT, &environment).unwrap();
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:1");
    assert_eq!(config.server.workers, Some(3));
    assert_eq!(config.tenants[0].name, "42");
    assert_eq!(config.tenants[0].policy.max_upcoming, 2);
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line() {
    let text = r#"
[server]
bind = "8080"
pubic_url = "https://x.example"
log_format = "jsn"

[store]
url = "mysql://x"

[[meta_app]]
name = "main"
app_secret = "abc"
verify_token = { env = "NOT_SET" }
graph_version = "25"
base_url = "graph.facebook.com"

[[meta_app]]
name = "main"
endpoint = "Über"
app_secret = { evn = "SECRET" }
verify_token = { env = "EMPTY" }

[[tenant]]
id = "Bella"
name = ""
policy = { langauge = "pt", max_upcoming = -1 }
[[tenant.branch]]
id = "centro"
calendar = "missing.toml"
[[tenant.branch]]
id = "centro"
[[tenant.channel]]
id = "a"
provider = "meta"
app = "mian"
phone_number = "1"
access_token = { env = "TOKEN" }
branches = ["centr"]
[[tenant.channel]]
id = "b"
provider = "twillio"
[[tenant.channel]]
id = "c"
provider = "meta"
app = "main"
phone_number_id = "+351 912 345 678"
access_token = { file = "nothing.txt" }

[[tenant]]
id = "other"
name = "Other"
tenant_name = "x"
"#;
    let told = read(text, &[("CHATPLUG__SERVER__LGO", "info")]).unwrap_err();
    let expected = [
        "f.toml:3:1: `8080` is not an address and port such as 127.0.0.1:8080",
        "f.toml:4:1: unknown key `pubic_url`; did you mean `public_url`?",
        "f.toml:5:1: unknown value `jsn`; did you mean `json`?",
        "f.toml:8:1: `mysql` is no store: write a URL such as `sqlite:chatplug.sqlite` or \
         `postgres://chatplug@localhost/chatplug`",
        "f.toml:12:1: a secret does not belong into this file: write app_secret = { env = \"NAME\" } or \
         { file = \"PATH\" } (or, to try things out, set inline_secrets = true under [server])",
        "f.toml:13:1: the environment variable NOT_SET is not set",
        "f.toml:14:1: `25` is not a version such as `v25.0`",
        "f.toml:15:1: `graph.facebook.com` is not an address that begins with https:// or http://",
        "f.toml:18:1: `main` belongs to another [[meta_app]] already (f.toml:11:1)",
        "f.toml:19:1: an endpoint may hold only a-z, 0-9, - and _",
        "f.toml:20:16: unknown key `evn`; did you mean `env`?",
        "f.toml:21:1: the secret is empty",
        "f.toml:24:1: tenant id may hold only a-z, 0-9, - and _",
        "f.toml:25:1: `name` is empty",
        "f.toml:26:12: unknown key `langauge`; did you mean `language`?",
        "f.toml:26:29: invalid value: integer `-1`, expected u32",
        "f.toml:29:1: missing.toml cannot be read: No such file or directory (os error 2)",
        "f.toml:30:1: `calendar` is missing here, or the block of another booking system: `altegio` or `calcom`",
        "f.toml:31:1: `centro` belongs to another branch of this tenant already (f.toml:28:1)",
        "f.toml:32:1: `phone_number_id` is missing here",
        "f.toml:35:1: there is no [[meta_app]] `mian`; did you mean `main`?",
        "f.toml:36:1: unknown key `phone_number`; did you mean `phone_number_id`?",
        "f.toml:38:13: this tenant has no branch `centr`; did you mean `centro`?",
        "f.toml:41:1: unknown value `twillio`; did you mean `twilio`?",
        "f.toml:46:1: must be Meta's id of the number (digits only), not the phone number",
        "f.toml:47:1: nothing.txt cannot be read: No such file or directory (os error 2)",
        "f.toml:49:1: this tenant has no [[tenant.branch]]",
        "f.toml:49:1: this tenant has no [[tenant.channel]]",
        "f.toml:52:1: unknown key `tenant_name`; known here: `id`, `name`, `policy`, `texts`, `seal`, `transcribe`, `notify`, `llm`, `fact`, `branch`, `channel`",
        "environment CHATPLUG__SERVER__LGO: unknown key `lgo`; did you mean `log`?",
    ];
    assert_eq!(told, expected);
}

#[test]
fn mistakes_of_form_are_told_too() {
    let told = read("[server\nbind = 1\n", &[]).unwrap_err();
    assert!(told[0].starts_with("f.toml:1:"), "{told:?}");
    assert_eq!(read("", &[]).unwrap_err(), ["f.toml:1:1: there is no [[tenant]]: nobody to serve"]);
}

#[test]
fn a_number_belongs_to_one_channel() {
    let channel = RIGHT.split_once("[[tenant.channel]]").unwrap().1;
    let twice = format!("{RIGHT}[[tenant.channel]]{}", channel.replace("\"main\"", "\"second\""));
    let told = read(&twice, &[]).unwrap_err();
    assert_eq!(told, ["f.toml:24:1: `106540352242922` belongs to another channel already (f.toml:19:1)"]);
}

#[test]
fn calendars_are_checked_with_the_lines_of_their_own_file() {
    let told = read(&RIGHT.replace("calendar.toml", "wrong.toml"), &[]).unwrap_err();
    let places: Vec<_> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["2:1", "5:22", "10:1", "11:1", "12:10"].map(|place| format!("wrong.toml:{place}")),
        "{told:#?}"
    );
    assert!(told[0].contains("Europe/Lisbon"), "{told:#?}");
    assert_eq!(told[2], "wrong.toml:10:1: unknown key `imge`; did you mean `image`?");
}

#[test]
fn what_a_calendar_lacks_is_named() {
    let hourless = CALENDAR.replace("hours = { mon-fri = [\"09:00-18:00\"] }\n", "");
    let inline = hourless.replace("[[", "[[tenant.branch.calendar.");
    let text = RIGHT.replace("calendar = \"calendar.toml\"", &format!("[tenant.branch.calendar]\n{inline}"));
    let told = read(&text, &[]).unwrap_err();
    assert!(told.iter().all(|line| line.starts_with("f.toml:") && line.contains(": `hours`: is missing")), "{told:#?}");
}

#[test]
fn a_calendar_may_stand_in_the_file_itself() {
    let inline = CALENDAR
        .replace("[[services]]", "[[tenant.branch.calendar.services]]")
        .replace("[[staff]]", "[[tenant.branch.calendar.staff]]");
    let text = RIGHT.replace("calendar = \"calendar.toml\"", &format!("[tenant.branch.calendar]\n{inline}"));
    assert_eq!(read(&text, &[]).unwrap().tenants[0].branches[0].plan().unwrap().name(), "Bella");
    let told = read(&text.replace("minutes = 30", "minutes = 0"), &[]).unwrap_err();
    assert!(told.len() == 1 && told[0].starts_with("f.toml:24:1: "), "{told:#?}");
}

#[test]
fn the_sample_is_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let variables = ["META_APP_SECRET", "META_VERIFY_TOKEN", "BELLA_ACCESS_TOKEN", "CHATPLUG_MASTER_KEYS"];
    let value = |name: &str| if name == "CHATPLUG_MASTER_KEYS" { KEY } else { "x" };
    let environment = Environment(variables.map(|name| (name.to_owned(), value(name).to_owned())).into());
    let config = chatplug_server::config::load(&folder.join("config.sample.toml"), &environment).unwrap();
    assert_eq!(config.tenants[0].branches[0].plan().unwrap().name(), "Bella Vista");
    assert!(config.tenants[0].channels[0].templates.is_empty(), "Meta is asked");
    assert_eq!(config.tenants[0].policy.template_languages, ["pt", "en"].map(|lang| lang.parse().unwrap()));
    // What it shows as the usual values is them.
    let usual = read(RIGHT, &[]).unwrap();
    assert_eq!((config.retention, config.ready), (usual.retention, usual.ready));
}

#[test]
fn there_is_one_simulator() {
    let simulator = |id: &str| format!("[[tenant.channel]]\nid = \"{id}\"\nprovider = \"simulator\"\n");
    assert!(read(&format!("{RIGHT}{}", simulator("page")), &[]).is_ok());
    let told = read(&format!("{RIGHT}{}{}", simulator("page"), simulator("other")), &[]).unwrap_err();
    assert_eq!(
        told,
        ["f.toml:26:1: `simulator` belongs to another channel, and there is one page already (f.toml:23:1)"]
    );
    let told = read(&format!("{}{}", RIGHT.replace("name = \"main\"", "name = \"demo\""), simulator("page")), &[]);
    assert!(told.unwrap_err()[0].contains("`demo` belongs to the webhook of a [[meta_app]] already (f.toml:5:1)"));
}

#[test]
fn wording_and_language_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.ftl"), "# ours\n\nno-such-message = x\n").unwrap();
    let file = folder.path().join("own.ftl").display().to_string();
    let tenant = "name = \"Bella Vista\"\n";
    let text =
        RIGHT.replace(tenant, &format!("{tenant}policy = {{ language = \"de\" }}\ntexts = {{ pt = \"{file}\" }}\n"));
    let told = read(&text, &[]).unwrap_err();
    assert_eq!(told[1], "f.toml:13:12: `de` is not spoken; known here: en, es, fr, pt, ru");
    assert!(told[0].starts_with(&format!("{file}:3:1: `no-such-message` ")), "{told:#?}");
}

#[test]
fn without_a_master_key_it_says_how_to_make_one() {
    let told = read(RIGHT, &[("CHATPLUG__VAULT__MASTER_KEYS", "")]).unwrap_err();
    let expected =
        "environment CHATPLUG__VAULT__MASTER_KEYS: the secret is empty; `chatplug key generate` makes a master key";
    assert_eq!(told, [expected]);
    let folder = tempfile::tempdir().unwrap();
    let told = parse("f.toml", "", folder.path(), &Environment::default()).unwrap_err().to_string();
    assert!(told.contains("chatplug key generate --file master.keys"), "{told}");
    assert!(told.contains("master_keys = { file = \"master.keys\" }"), "{told}");
}

#[test]
fn what_is_wrong_with_keys_is_told_without_showing_them() {
    let wrong = [
        ("k1", "a master key is written NAME:BASE64, several separated by commas"),
        ("K1:AAAA", "a master key's name has 1 to 32 characters of a-z, 0-9, \"-\", \"_\" and \".\""),
        ("k1:c2hvcnQ=", "master key \"k1\" has 5 bytes; it needs 32: make one with `chatplug key generate`"),
        ("k1:c2hvcnQ", "master key \"k1\" is not base64"),
    ];
    for (keys, expected) in wrong {
        let told = read(RIGHT, &[("CHATPLUG__VAULT__MASTER_KEYS", keys)]).unwrap_err();
        assert_eq!(told, [format!("environment CHATPLUG__VAULT__MASTER_KEYS: {expected}")]);
    }
    let told = read(&format!("{RIGHT}[vault]\nmaster_keys = \"{KEY}\"\n"), &[]).unwrap();
    assert!(told.master_keys.is_some(), "the environment wins over a key in the file");
}

#[test]
fn databases_retention_and_readiness_are_checked() {
    let text = format!(
        r#"{RIGHT}[tenant.notify]
url = "bella.example.com"
secret = {{ vault = "Über" }}
[store]
url = "postgres://chatplug:pw-in-file@db/chatplug"
pool = 0
admin_url = {{ vault = "x" }}
[retention]
mail = 3
turns = 0
massages = 5
[ready]
overdue = -1
"#
    );
    let told = read(&text, &[("CHATPLUG__SERVER__ANSWER_WITHIN", "5"), ("CHATPLUG__SERVER__WORK_BIND", "9090")]);
    let told = told.unwrap_err();
    let line = |n: usize| 21 + n;
    let expected = [
        format!("f.toml:{}:1: `bella.example.com` is not an address that begins with https:// or http://", line(1)),
        format!("f.toml:{}:1: a credential's name has 1 to 64 characters of a-z, 0-9, -, _ and .", line(2)),
        format!(
            "f.toml:{}:1: a secret does not belong into this file: write url = {{ env = \"NAME\" }} or {{ file = \"PATH\" }} \
             (or, to try things out, set inline_secrets = true under [server])",
            line(4)
        ),
        format!("f.toml:{}:1: must be 1 to 1000 connections", line(5)),
        format!(
            "f.toml:{}:1: only secrets of one tenant are kept in the database: write admin_url = {{ env = \"NAME\" }} or \
             {{ file = \"PATH\" }}",
            line(6)
        ),
        format!("f.toml:{}:1: must be 8 to 36500 days: a message may come again for seven days", line(8)),
        format!("f.toml:{}:1: must be 1 to 36500 days", line(9)),
        format!("f.toml:{}:1: unknown key `massages`; did you mean `messages`?", line(10)),
        format!("f.toml:{}:1: invalid value: integer `-1`, expected u32", line(12)),
        "environment CHATPLUG__SERVER__ANSWER_WITHIN: must be 10 to 3600 seconds".to_owned(),
        "environment CHATPLUG__SERVER__WORK_BIND: `9090` is not an address and port such as 127.0.0.1:8080".to_owned(),
    ];
    assert_eq!(told, expected);
    assert!(!told.concat().contains("pw-in-file"));
}

#[test]
fn a_database_s_url_is_shown_without_its_password() {
    let url = |url: &str| read(RIGHT, &[("CHATPLUG__STORE__URL", url)]);
    let shown = |text: &str| url(text).unwrap().store.shown();
    assert_eq!(shown("postgres://chatplug:p@ss/w@db:5432/chatplug?password=pw"), "postgres://db:5432/chatplug");
    assert_eq!(shown("postgresql://localhost/x"), "postgresql://localhost/x");
    assert_eq!(shown("sqlite:///var/lib/chatplug.sqlite"), "sqlite:///var/lib/chatplug.sqlite");
    for wrong in ["postgres://:pw@:x/", "sqlite:", "sqlite://", "pw@host", "redis://pw@host"] {
        let told = url(wrong).unwrap_err();
        assert!(told.len() == 1 && !told[0].contains("pw"), "{wrong}: {told:?}");
    }
    let text = format!("{RIGHT}[store]\nadmin_url = \"postgres://owner@db/x\"\n");
    let told = read(&text, &[]).unwrap_err();
    assert!(told[0].starts_with("f.toml:22:1: only PostgreSQL has an owner to migrate as"), "{told:?}");
}

#[test]
fn a_token_may_be_kept_in_the_database() {
    let config = read(&RIGHT.replace("{ env = \"TOKEN\" }", "{ vault = \"whatsapp\" }"), &[]).unwrap();
    let ProviderConfig::Meta { access_token, messages_per_second, .. } = &config.tenants[0].channels[0].provider else {
        panic!("another provider")
    };
    assert!(matches!(access_token, Credential::Kept(name) if name == "whatsapp"));
    assert_eq!(*messages_per_second, 80);
    let told = read(&RIGHT.replace("{ env = \"SECRET\" }", "{ vault = \"app\" }"), &[]).unwrap_err();
    assert_eq!(
        told,
        ["f.toml:7:1: only secrets of one tenant are kept in the database: write app_secret = { env = \"NAME\" } or \
          { file = \"PATH\" }"]
    );
    let told = read(&RIGHT.replace("{ env = \"SECRET\" }", "{ env = \"A\", vault = \"b\" }"), &[]).unwrap_err();
    assert_eq!(told, ["f.toml:7:1: give one of `env`, `file` and `vault`, not several"]);
}

#[test]
fn a_transcriber_is_named_before_a_tenant_may_use_it() {
    let wishes = RIGHT.replace("name = \"Bella Vista\"", "name = \"Bella Vista\"\ntranscribe = true");
    let told = read(&wishes, &[]).unwrap_err();
    assert!(told.len() == 1 && told[0].contains("there is no [transcriber]"), "{told:?}");
    let block = |lines: &str| format!("[transcriber]\n{lines}\n{wishes}");
    let config = read(&block("model = \"whisper-1\"\napi_key = { env = \"SECRET\" }"), &[]).unwrap();
    assert!(config.tenants[0].transcribe && !format!("{:?}", config.transcriber).contains("\"s\""));
    assert!(!read(RIGHT, &[]).unwrap().tenants[0].transcribe, "off unless wanted");
    for (lines, about) in [
        ("", "`model` is missing"),
        ("model = \" \"", "`model` is empty"),
        ("model = \"m\"\nbase_url = \"here\"", "is not an address"),
        ("model = \"m\"\napi_key = \"sk-1\"", "a secret does not belong"),
        ("model = \"m\"\ntimeout = 600", "between 1 and 60"),
        ("model = \"m\"\ntimeot = 6", "timeout"),
    ] {
        let told = read(&block(lines), &[]).unwrap_err();
        assert!(told.len() == 1 && told[0].contains(about), "{lines}: {told:?}");
    }
}

#[test]
fn a_model_is_named_before_a_tenant_may_ask_it_and_facts_are_checked() {
    let named = "name = \"Bella Vista\"";
    let wishes = |lines: &str| RIGHT.replace(named, &format!("{named}\n{lines}"));
    let told = read(&wishes("llm = {}"), &[]).unwrap_err();
    assert!(told.len() == 1 && told[0].contains("there is no [[openai]]"), "{told:?}");
    let model = "[[openai]]\nname = \"main\"\nmodel = \"m\"\napi_key = { env = \"SECRET\" }\n";
    let config = read(&format!("{model}input_price = 0.4\n{}", wishes("llm = {}")), &[]).unwrap();
    let llm = config.tenants[0].llm.clone().unwrap();
    assert_eq!((llm.endpoint.as_str(), llm.daily_tokens), ("main", chatplug_openai::DEFAULT_DAILY_TOKENS));
    assert!(!format!("{:?}", config.openai).contains("\"s\""));
    assert!(read(RIGHT, &[]).unwrap().tenants[0].llm.is_none(), "off unless wanted");
    for (lines, about) in [
        ("llm = { endpoint = \"mian\" }", "there is no [[openai]] `mian`"),
        ("llm = { daily_tokens = 10 }", "at least 1000"),
        ("fact = [{ id = \"p\" }]", "`text` is missing"),
        ("fact = [{ id = \"p\", text = \"\" }]", "1 to 1000 characters"),
        ("fact = [{ id = \"p\", text = \"x\" }, { id = \"p\", text = \"y\" }]", "another fact"),
        ("fact = [{ id = \"p\", text = { xx = \"x\" } }]", "`xx` is not spoken"),
        ("fact = [{ id = \"p\", text = \"x\", ask = [\"\"] }]", "ways of asking"),
        ("fact = [{ id = \"P!\", text = \"x\" }]", "a-z"),
    ] {
        let told = read(&format!("{model}{}", wishes(lines)), &[]).unwrap_err();
        assert!(told.len() == 1 && told[0].contains(about), "{lines}: {told:?}");
    }
    for lines in ["timeout = 60", "output_price = -1", "base_url = \"here\"", "modle = \"x\""] {
        assert_eq!(read(&format!("{model}{lines}\n{RIGHT}"), &[]).unwrap_err().len(), 1, "{lines}");
    }
    let facts = "fact = [{ id = \"p\", ask = [\"parking?\"], text = { en = \"Behind.\", pt = \"Atrás.\" } }]";
    let config = read(&wishes(facts), &[]).unwrap();
    assert_eq!(config.tenants[0].facts[0].text.get(chatplug_core::model::Lang::PT), "Atrás.");
}

/// Two businesses on one number.
fn shared(change: impl Fn(String) -> String) -> String {
    let member = |id: &str| {
        format!(
            "[[tenant]]\nid = \"{id}\"\nname = \"The {id}\"\n[[tenant.branch]]\nid = \"centro\"\ncalendar = \"calendar.toml\"\n\
             [[tenant.channel]]\nid = \"town\"\nprovider = \"shared\"\nshared_number = \"town\"\n"
        )
    };
    let number = "[[shared_number]]\nid = \"town\"\nname = \"Town\"\nsticky = 30\n[shared_number.channel]\nprovider = \"meta\"\n\
        phone_number_id = \"1\"\naccess_token = { env = \"TOKEN\" }\n\
        [[shared_number.member]]\ntenant = \"quokka\"\ncode = \"quokka\"\nkeywords = [\"leaf\"]\n\
        [[shared_number.member]]\ntenant = \"axolotl\"\nname = \"Axolotl\"\ncode = \"axolotl\"\n";
    let apps = RIGHT.split("[[tenant]]").next().unwrap();
    change(format!("{apps}{}{}{number}", member("quokka"), member("axolotl")))
}

#[test]
fn a_shared_number_is_read_as_the_lobby_of_its_members() {
    let config = read(&shared(|text| text), &[]).unwrap();
    let ids: Vec<_> = config.tenants.iter().map(|tenant| tenant.id.as_str()).collect();
    assert_eq!(ids, ["quokka", "axolotl", "town"]);
    let town = &config.tenants[2];
    let lobby = town.lobby.as_ref().unwrap();
    let members: Vec<_> =
        lobby.members().iter().map(|member| (member.name.as_str(), member.channel.as_str())).collect();
    assert_eq!(members, [("The quokka", "town"), ("Axolotl", "town")]);
    assert_eq!(lobby.sticky().num_days(), 30);
    assert!(matches!(town.channels[0].provider, ProviderConfig::Meta { .. }));
    assert!(matches!(&config.tenants[0].channels[0].provider, ProviderConfig::Shared { number } if *number == town.id));
}

#[test]
fn what_does_not_fit_on_a_shared_number_is_told_with_what_to_do() {
    let cases: [(&str, &str, &str); 15] = [
        ("tenant = \"axolotl\"", "tenant = \"axolotle\"", "there is no [[tenant]] `axolotle`; did you mean `axolotl`?"),
        ("tenant = \"axolotl\"", "tenant = \"quokka\"", "`quokka` is a member already: list each tenant once"),
        (
            "code = \"axolotl\"",
            "code = \"quokka\"",
            "`quokka` is the code of quokka: a link can lead to one business only",
        ),
        (
            "code = \"axolotl\"",
            "code = \"A 1\"",
            "`A 1` is no code: 3 to 32 of a-z, 0-9 and -, with a letter among them",
        ),
        (
            "code = \"axolotl\"",
            "keywords = [\"pond\", \"LEAF\"]",
            "`LEAF` is a keyword of quokka: what fits two businesses tells neither, take it from both",
        ),
        (
            "name = \"Axolotl\"",
            "name = \"the Quokka\"",
            "`the Quokka` is the name of quokka, and clients choose by it: give each member its own",
        ),
        (
            "id = \"town\"\nname",
            "id = \"quokka\"\nname",
            "`quokka` belongs to a [[tenant]] or another [[shared_number]] already",
        ),
        ("sticky = 30", "sticky = 0", "must be 1 to 3650 days"),
        ("provider = \"meta\"", "provider = \"simulator\"", "only a number at \"meta\" or \"twilio\" can be shared"),
        (
            "phone_number_id = \"1\"",
            "phone_number_id = \"1\"\nid = \"x\"",
            "`id` belongs under the channel of a tenant",
        ),
        ("[shared_number.channel]", "[shared_number.chanel]", "unknown key `chanel`; did you mean `channel`?"),
        (
            "[[shared_number.member]]\ntenant = \"axolotl\"\nname = \"Axolotl\"\ncode = \"axolotl\"\n",
            "",
            "axolotl has a channel on this number and is no member of it: add [[shared_number.member]] with \
             tenant = \"axolotl\", or take the channel away",
        ),
        (
            "shared_number = \"town\"",
            "shared_number = \"twon\"",
            "there is no [[shared_number]] `twon`; did you mean `town`?",
        ),
        ("shared_number = \"town\"", "number = \"+351\"", "`number` is a key of provider \"twilio\""),
        (
            "id = \"town\"\nprovider = \"shared\"\nshared_number = \"town\"",
            "id = \"town\"\nprovider = \"meta\"\nphone_number_id = \"2\"\naccess_token = { env = \"TOKEN\" }",
            "quokka has no channel on this number: give it a [[tenant.channel]] with provider = \"shared\" and \
             shared_number = \"town\"",
        ),
    ];
    for (right, wrong, expected) in cases {
        let told = read(&shared(|text| text.replacen(right, wrong, 1)), &[]).unwrap_err();
        assert!(
            told.iter().any(|line| line.contains(expected)),
            "{wrong:?} should say {expected:?}, and says {told:#?}"
        );
    }
    // Nobody, and nobody known because another tenant is faulty: that is all that is said.
    let nobody = |text: String| text.split("[[shared_number.member]]").next().unwrap().to_owned();
    let told = read(&shared(nobody), &[]).unwrap_err().join("\n");
    assert!(told.contains("has no [[shared_number.member]]: nobody to lead to"), "{told}");
    let told = read(&shared(|text| text.replacen("name = \"The axolotl\"", "", 1)), &[]).unwrap_err();
    assert_eq!(told.len(), 1, "{told:#?}");
}
