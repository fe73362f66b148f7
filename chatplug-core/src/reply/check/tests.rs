//! Broken catalogues, and what the build says about each.

use super::*;

const EN: &str = "
greeting = Hi { $name }!
key-yes = Yes
late = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
template-booked = It is booked: { $service }, { $when }, at { $business }. See you then!
";

const RU: &str = "
greeting = { $form ->
    [formal] Здравствуйте, { $name }!
   *[informal] Привет, { $name }!
}
key-yes = Да
late = { $minutes ->
    [one] { $minutes } минута
    [few] { $minutes } минуты
    [many] { $minutes } минут
   *[other] { $minutes } минуты
}
template-booked = Вы записаны: { $service }, { $when }, { $business }. Ждём!
";

fn source<'a>(lang: &'a str, text: &'a str) -> Source<'a> {
    Source { lang, file: if lang == "en" { "en/all.ftl" } else { "ru/all.ftl" }, text }
}

/// What is said about the catalogues when one message of the Russian one is replaced.
fn with(key: &str, message: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in RU.lines() {
        if line.starts_with(char::is_alphabetic) || parts.is_empty() {
            parts.push(String::new());
        }
        let part = parts.last_mut().unwrap();
        part.push_str(line);
        part.push('\n');
    }
    let kept = parts.iter().filter(|part| !part.starts_with(&format!("{key} ="))).map(String::as_str);
    let text: String = kept.chain([message, "\n"]).collect();
    check_catalogues(&[source("en", EN), source("ru", &text)]).iter().map(ToString::to_string).collect()
}

#[test]
fn good_catalogues_pass() {
    assert_eq!(check_catalogues(&[source("en", EN), source("ru", RU)]), []);
}

#[test]
fn a_missing_message_is_named_with_the_place_of_its_model() {
    assert_eq!(with("key-yes", ""), [r#"en/all.ftl:3: "key-yes" is missing in "ru""#]);
}

#[test]
fn an_extra_message_is_named() {
    assert_eq!(with("", "key-si = Да"), [r#"ru/all.ftl:14: "key-si" does not exist in "en""#]);
}

#[test]
fn helpers_need_no_likes_but_a_use() {
    assert_eq!(with("greeting", "own-hello = Привет\ngreeting = { own-hello }, { $name }!"), [""; 0]);
    assert_eq!(with("", "own-hello = Привет"), [r#"ru/all.ftl:14: "own-hello" is a helper that no message uses"#]);
}

#[test]
fn variables_must_be_the_same() {
    assert_eq!(
        with("greeting", "greeting = Привет!"),
        [r#"ru/all.ftl:10: "greeting" does not use $name, as "en" does"#]
    );
    assert_eq!(with("key-yes", "key-yes = Да\n").len(), 0);
    assert_eq!(
        with("greeting", "greeting = { $name }, { $weather }"),
        [r#"ru/all.ftl:10: "greeting" uses $weather, which "en" does not"#]
    );
    // The business's name is a blank of a template, and free everywhere else.
    assert_eq!(
        with("template-booked", "template-booked = Запись: { $service }, { $when }. Ждём!"),
        [r#"ru/all.ftl:13: "template-booked" does not use $business, as "en" does"#]
    );
    assert_eq!(with("greeting", "greeting = Привет, { $name }, это { $business }"), [""; 0]);
}

#[test]
fn plurals_must_be_those_of_the_language() {
    let late = "late = { $minutes ->\n    [one] { $minutes } минута\n   *[other] { $minutes } минут\n}";
    assert_eq!(
        with("late", late),
        [
            r#"ru/all.ftl:8: "late" lacks the plural [few] of $minutes, which "ru" needs"#,
            r#"ru/all.ftl:8: "late" lacks the plural [many] of $minutes, which "ru" needs"#,
        ]
    );
    let english = EN.replace("[one]", "[one] { $minutes } minute\n    [few]");
    let problems = check_catalogues(&[source("en", &english), source("ru", RU)]);
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [r#"en/all.ftl:4: "late" has [few] for $minutes, which "en" never chooses"#]
    );
}

#[test]
fn selectors_choose_what_exists() {
    let typo = "greeting = { $form ->\n    [formel] Здравствуйте, { $name }\n   *[informal] Привет, { $name }\n}";
    assert_eq!(with("greeting", typo), [r#"ru/all.ftl:10: "greeting" has [formel] for $form, which it never is"#]);
    let region = "greeting = { $region ->\n    [Kazakhstan] Салем, { $name }\n   *[other] Привет, { $name }\n}";
    assert_eq!(
        with("greeting", region),
        [r#"ru/all.ftl:10: "greeting" has [Kazakhstan] for $region, which it never is"#]
    );
}

#[test]
fn labels_must_fit_in_every_variant() {
    let long = "key-yes = { $form ->\n    [formal] Да, именно так и запишите\n   *[informal] Да\n}";
    assert_eq!(
        with("key-yes", long),
        [r#"ru/all.ftl:13: "key-yes" is 25 characters long; at most 20 fit on the button or row"#]
    );
    assert_eq!(
        with("key-yes", "key-yes = Да, { $business }"),
        [r#"ru/all.ftl:13: "key-yes" is a fixed label: it cannot hold a variable"#]
    );
}

#[test]
fn templates_obey_the_providers_rules() {
    let edge = "template-booked = { $business }: { $service }, { $when }";
    assert_eq!(
        with("template-booked", edge),
        [r#"ru/all.ftl:13: "template-booked" is a template: it may neither begin nor end with a variable"#]
    );
    let lines = "template-booked =\n    Запись: { $service }, { $when }.\n    Где: { $business }. Ждём!";
    assert_eq!(
        with("template-booked", lines),
        [r#"ru/all.ftl:13: "template-booked" is a template: write it as one paragraph"#]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let problems = with("", "broken = { $name");
    assert!(problems.iter().any(|problem| problem.starts_with("ru/all.ftl:1") && problem.contains("cannot be read")));
}

#[test]
fn slips_of_the_pen_are_found() {
    assert_eq!(
        with("greeting", "greeting = *Привет, { $name }"),
        [r#"ru/all.ftl:10: "greeting" opens bold (*) without closing it"#]
    );
    assert_eq!(
        with("greeting", "greeting = Привет,\u{200b} { $name }"),
        [r#"ru/all.ftl:10: "greeting" holds the invisible character U+200B"#]
    );
    assert_eq!(
        with("greeting", "greeting = { NUMBER($name) }"),
        [r#"ru/all.ftl:10: "greeting" calls NUMBER(), which does not exist"#]
    );
    assert_eq!(
        with("greeting", "greeting = { hello } { $name }"),
        [r#"ru/all.ftl:10: "greeting" refers to "hello", which does not exist"#]
    );
    assert_eq!(with("", "key-yes = Ага"), [r#"ru/all.ftl:6: "key-yes" stands twice"#]);
}

#[test]
fn a_folder_is_a_language() {
    let sources = [source("en", EN), Source { lang: "brazil", file: "brazil/all.ftl", text: EN }];
    let problems: Vec<_> = check_catalogues(&sources).iter().map(ToString::to_string).collect();
    assert_eq!(problems[0], r#"brazil: is no language: name the folder by its two-letter code, such as "it""#);
    // Without the language to compare with nothing can be said about the others.
    assert_eq!(check_catalogues(&[source("ru", RU)]).len(), 1);
}

#[test]
fn of_a_tenants_own_words_the_good_ones_are_kept() {
    let own = Source {
        lang: "ru",
        file: "own/ru.ftl",
        text: "greeting = Хей!\nkey-yes = Слишком длинная надпись\nweather = Солнце\n",
    };
    let (kept, problems) = check_override(&[source("ru", RU)], own);
    assert_eq!(kept, "greeting = Хей!\n");
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            r#"own/ru.ftl:2: "key-yes" is 23 characters long; at most 20 fit on the button or row"#,
            r#"own/ru.ftl:3: "weather" is no message of ours"#,
        ]
    );
}
