use proptest::prelude::*;

use super::*;

fn simple(text: &str) -> Vec<Simple> {
    commands(text, "", &mut Variables::default())
}

fn read(text: &str) -> Vec<String> {
    simple(text).into_iter().map(|command| command.words.join("|")).collect()
}

#[test]
fn splits_at_operators_and_lines() {
    assert_eq!(
        read("set -e\ncd /app && bundle exec rake db:migrate || exit 1; true & wait\n"),
        ["set|-e", "cd|/app", "bundle|exec|rake|db:migrate", "exit|1", "true", "wait"]
    );
    assert_eq!(read("cat a | (grep b; sort)"), ["cat|a", "grep|b", "sort"]);
    assert_eq!(read("alembic \\\n  upgrade \\\r\n head"), ["alembic|upgrade|head"]);
}

#[test]
fn quotes_keep_a_word_together() {
    assert_eq!(
        read(r#"echo "run rake db:migrate" 'and $(more)' it\ em"#),
        ["echo|run rake db:migrate|and $(more)|it em"]
    );
    assert_eq!(read(r#"a "" b"c"'d'"#), ["a||bcd"]);
    assert_eq!(read(r#"echo "a \"b\" \d""#), [r#"echo|a "b" \d"#]);
}

#[test]
fn comments_are_no_commands() {
    assert_eq!(read("# rake db:migrate\ntrue # alembic upgrade head\necho a#b"), ["true", "echo|a#b"]);
}

#[test]
fn substitutions_run() {
    assert_eq!(read("out=$(rake db:migrate 2>&1)"), ["rake|db:migrate", "out=$"]);
    assert_eq!(read(r#"echo "got $(a "$(b)")""#), ["b", "a|$", "echo|got $"]);
    assert_eq!(read("echo `alembic current`"), ["alembic|current", "echo|`"]);
    assert_eq!(read("diff <(a b) x"), ["diff", "a|b", "x"]);
}

#[test]
fn what_is_cut_off_a_value_stays() {
    assert_eq!(
        read("B=mq:5672; nc -z ${B%%:*} \"${B/x/y}\" ${B+set}"),
        ["B=mq:5672", "nc|-z|mq:5672|mq:5672|${B+set}"]
    );
    assert_eq!(
        read("B=mq:5672; nc -z \"$(echo -n $B | cut -d: -f1)\" 1"),
        ["B=mq:5672", "echo|-n|mq:5672", "cut|-d:|-f1", "nc|-z|mq:5672|1"]
    );
    assert_eq!(read("H=`printf '%s' db`; ping $H"), ["printf|%s|db", "H=db", "ping|db"]);
    assert_eq!(read("a $(echo $NONE) $(cat x)"), ["echo|$NONE", "cat|x", "a|$|$"]);
}

#[test]
fn redirections_are_no_words() {
    assert_eq!(read("rake db:migrate > /log/migrate 2>&1 && next"), ["rake|db:migrate", "next"]);
    assert_eq!(read("a &>b c <d"), ["a|c|d"]);
    assert_eq!(read("echo > /dev/tcp/db/5432"), ["echo|/dev/tcp/db/5432"]);
}

#[test]
fn a_here_document_is_data_unless_a_shell_reads_it() {
    assert_eq!(read("cat > x.sh <<'EOF'\nrake db:migrate\nEOF\nnext"), ["cat", "next"]);
    assert_eq!(read("cat <<EOF>x\nrake db:migrate\nEOF\nnext"), ["cat", "next"]);
    assert_eq!(read("bash <<-EOF\n\tgoose up\n\tEOF\nnext"), ["bash", "goose|up", "next"]);
    assert_eq!(read("psql <<SQL\nALTER TABLE a"), ["psql"]);
}

#[test]
fn the_words_of_the_shell_and_patterns_are_no_commands() {
    assert_eq!(read("if a; then b; elif ! c; then { d; }; else e; fi"), ["a", "b", "c", "d", "e"]);
    assert_eq!(read("for i in 1 2; do a; done < x"), ["for|i|in|1|2", "a", "x"]);
    assert_eq!(
        read("case $1 in\n migrate|up) goose up;;\n *) exit;;\nesac"),
        ["case|$1|in", "goose|up", "exit"]
    );
}

#[test]
fn the_condition_of_a_loop_is_known() {
    for (text, looped) in [
        ("until a | b; do c; done; d", "a b"),
        ("while ! a; b; do until c; do d; done; done", "a b c"),
        ("until [ \"$(a)\" ]; do b; done", "a ["),
        ("for a in b; do c; done", ""),
        ("while a\ndo b\ndone\nc", "a"),
    ] {
        let found = simple(text).into_iter().filter(|command| command.looped);
        let programs: Vec<_> = found.map(|command| command.words[0].clone()).collect();
        assert_eq!(programs.join(" "), looped, "{text}");
    }
}

#[test]
fn the_body_of_a_function_is_known() {
    for text in [
        "migrate() {\n rake db:migrate\n}\nnext",
        "migrate () { rake db:migrate; }; next",
        "function migrate { rake db:migrate; }; next",
        "function migrate() {\n if a; then { rake db:migrate; }; fi; }\nnext",
    ] {
        let functions: Vec<_> =
            simple(text).into_iter().map(|command| (command.words[0].clone(), command.function)).collect();
        assert!(functions.contains(&("rake".to_owned(), Some("migrate".into()))), "{text}: {functions:?}");
        assert_eq!(functions.last(), Some(&("next".to_owned(), None)), "{text}");
    }
}

#[test]
fn variables_are_filled_in() {
    for (text, expected) in [
        ("nc -z $HOST $PORT", "nc|-z|db|5432"),
        ("nc -z \"${HOST}:$PORT\"", "nc|-z|db:5432"),
        ("a ${HOST:-other} ${NAME:-app} ${NAME-x y} \"${NAME:=x y}\"", "a|db|app|x|y|x y"),
        ("a $UNKNOWN ${UNKNOWN} $(date +%s) $ $$ ${", "a|$UNKNOWN|${UNKNOWN}|$|$|$$|${}"),
        ("a ${HOST%%.*} ${#HOST} ${HOST:?none} $((1 + 2))", "a|db|${#HOST}|db|$"),
        ("a n\u{e4}h $HOST\u{e9} '$HOST' \\$HOST", "a|n\u{e4}h|db\u{e9}|$HOST|$HOST"),
        ("$COMMAND now; eval \"$COMMAND\"", "rake|db:migrate|now"),
    ] {
        let mut variables = Variables::default();
        for (name, value) in [("HOST", "db"), ("PORT", "5432"), ("COMMAND", "rake db:migrate")] {
            variables.set(name, value, false);
        }
        let found = commands(text, "", &mut variables).into_iter();
        let found: Vec<_> =
            found.map(|command| command.words.join("|")).filter(|line| line != "date|+%s").collect();
        assert_eq!(found[0], expected, "{text}");
    }
}

#[test]
fn constants_are_filled_in() {
    for (text, expected) in [
        ("H=kafka\nnc -z \"$H\" ${H}", "nc|-z|kafka|kafka"),
        ("export H=kafka P=1; nc $H $P $HOST", "nc|kafka|1|$HOST"),
        ("H=a; U=$H:1; nc $U", "nc|a:1"),
        // Every branch counts.
        ("H=a\nif b; then H=c; fi\nnc $H", "nc|a|c"),
        ("for h in a b; do nc -z $h 1; done", "nc|-z|a|b|1"),
        ("H=$1\nnc $H", "nc|$H"),
        ("H=$(cat /host)\nnc $H", "nc|$H"),
        ("wait() { nc -z $1 \"$2\"; }; wait db 1; wait cache 1", "nc|-z|$1|$2"),
        ("wait() { :; }; wait db 1; wait() { nc -z $1 \"$2\"; }", "nc|-z|db|1"),
        ("until_ok() { :; }; until_ok nc db; until_ok() { until \"$@\"; do sleep 1; done; }", "nc|db"),
    ] {
        let found = read(text);
        assert!(found.contains(&expected.to_owned()), "{text}: {found:?}");
    }
}

#[test]
fn a_value_of_a_secret_is_marked() {
    let mut variables = Variables::default();
    variables.set("KEY", "hidden", true);
    let found = commands("a $KEY; b; C=$KEY; d $C", "", &mut variables);
    let private: Vec<_> = found.iter().map(|command| command.private).collect();
    assert_eq!(private, [true, false, true, true]);
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in "[a-z1@ \\\\\"'`$(){}<>|&;#=\n-]{0,200}") {
        let _ = simple(&text);
    }

    #[test]
    fn shell_like_text_can_be_read(words in prop::collection::vec(
        prop::sample::select(vec!["if", "do", "done", "until", "for", "in", "{", "}", "(", ")", "f()", "function", "a=$1", "$a",
            "\"$@\"", "$(", "`", "<<E", "E", "\n", ";", "|", "&&", "case", "esac", "'", "\"", "${a", "f"]), 0..60)) {
        let _ = simple(&words.join(" "));
    }

    #[test]
    fn plain_words_stay_as_they_are(words in prop::collection::vec("[a-z:./_-]{9,12}", 1..6)) {
        prop_assert_eq!(simple(&words.join(" "))[0].words.clone(), words);
    }
}
