//! Templates: what they can say, what they cannot, and what hostile ones and hostile data come to.

use chainbell_targets::{Template, TemplateError};

use crate::message::{facts, message, retraction};

fn render(source: &str) -> Result<String, TemplateError> {
    Template::compile(source)?.render(&message(facts()))
}

fn refusal(source: &str) -> String {
    Template::compile(source).unwrap_err().to_string()
}

#[test]
fn fields_loops_conditions_and_filters_render() {
    let source = concat!(
        "{{ monitor }}: {{ event.args.value|units(6) }} USDC in {{ block.height }}",
        "{% if retracts is none %} (new){% endif %}",
        "{% for name, value in event.args|items if name != 'value' %} {{ name }}={{ value[:6] }}{% endfor %}",
    );
    assert_eq!(
        render(source).unwrap(),
        "large-usdc-transfers: 2500000 USDC in 19000000 (new) from=0x28C6 to=0x21a3"
    );
    let template =
        Template::compile("{{ 'undone' if retraction else 'done' }} {{ fact.name }} {{ call }}").unwrap();
    assert_eq!(template.render(&retraction(message(facts()))).unwrap(), "undone Transfer None");
}

#[test]
fn chain_data_stays_data() {
    let mut hostile = facts();
    hostile.args_json = r#"{"memo":"\",\"admin\":true,{{ 7*7 }}\n{% raw %}"}"#.into();
    let template = Template::compile(r#"{"text":{{ event.args.memo|tojson }}}"#).unwrap();
    let text = template.render(&message(hostile)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["text"], "\",\"admin\":true,{{ 7*7 }}\n{% raw %}");
    assert!(json.get("admin").is_none());
}

#[test]
fn mistakes_are_found_when_the_template_is_saved() {
    assert_eq!(
        refusal("a\n{{ block."),
        "line 2 of the template: unexpected end of input, expected identifier or integer"
    );
    assert_eq!(
        refusal("{{ blok.height }}"),
        "the template names the unknown variable \"blok\"; did you mean \"block\"?"
    );
    assert_eq!(
        refusal("\n\n{{ monitor|uper }}"),
        "line 3 of the template: there is no filter \"uper\"; did you mean \"upper\"?"
    );
    assert_eq!(refusal(&"x".repeat(20_000)), "the template is longer than 16384 bytes");
}

#[test]
fn what_could_grow_a_value_is_not_part_of_the_language() {
    for source in [
        "{{ monitor ~ monitor }}",
        "{{ 'x' * 100000000 }}",
        "{{ monitor + monitor }}",
        "{{ 9 ** 9 }}",
        "{% set x = 1 %}",
        "{% set x %}y{% endset %}",
        "{% with x = 1 %}{% endwith %}",
        "{{ [monitor, monitor] }}",
        "{{ {'a': 1} }}",
        "{{ (1, 2) }}",
        "{{ range(10) }}",
        "{{ monitor.upper() }}",
        "{% for a in block recursive %}{% endfor %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape true %}x{% endautoescape %}",
        "{% do range(1) %}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ monitor|replace('a', 'b') }}",
        "{{ monitor|default('x' * 9) }}",
        "{% if 'a' ~ 'b' %}{% endif %}",
        "{% for x in block if x ~ x %}{% endfor %}",
        "{{ block[monitor ~ monitor] }}",
        "{{ monitor is startingwith('a' ~ 'b') }}",
    ] {
        assert!(matches!(Template::compile(source), Err(TemplateError::Refused { .. })), "{source}");
    }
}

#[test]
fn rendering_is_bounded_in_steps_and_output() {
    let mut many = facts();
    let items: Vec<_> = (0..1000).map(|item| item.to_string()).collect();
    many.args_json = format!(r#"{{"list":[{}],"text":"{}"}}"#, items.join(","), "x".repeat(10_000)).into();
    let many = message(many);
    let list = "event.args.list";
    let slow =
        format!("{{% for a in {list} %}}{{% for b in {list} %}}{{{{ b }}}}{{% endfor %}}{{% endfor %}}");
    assert_eq!(Template::compile(&slow).unwrap().render(&many), Err(TemplateError::TooSlow));
    let long = format!("{{% for a in {list} %}}{{{{ event.args.text }}}}{{% endfor %}}");
    assert_eq!(Template::compile(&long).unwrap().render(&many), Err(TemplateError::OutputTooLong));
    let escapes = format!("{{{{ event.args.text{} }}}}", "|tojson".repeat(60));
    assert_eq!(Template::compile(&escapes).unwrap().render(&many), Err(TemplateError::OutputTooLong));
}

#[test]
fn what_a_message_lacks_is_an_error_naming_the_line() {
    let error = render("\n{{ event.args.nothing }}").unwrap_err();
    assert!(matches!(error, TemplateError::Render { line: 2, .. }), "{error:?}");
    assert!(render("{{ call.name }}").is_err());
    assert_eq!(render("{{ event.args.nothing|default('-') }}").unwrap(), "-");
}

#[test]
fn deep_and_long_sources_do_not_exhaust_the_stack() {
    for source in [
        format!("{{{{ {}1{} }}}}", "(".repeat(8000), ")".repeat(8000)),
        format!("{{{{ 1{} }}}}", "-1".repeat(8000)),
        format!("{{{{ block{} }}}}", ".x".repeat(8000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(4000)),
        format!("{{{{ monitor{} }}}}", "|trim".repeat(3200)),
        format!("{{{{ monitor{} }}}}", "[0]".repeat(5000)),
        format!("{{{{ {}1 }}}}", "1 if 1 else ".repeat(1300)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(1300)),
        "{% if 1 %}".repeat(1600),
    ] {
        if let Ok(template) = Template::compile(&source) {
            let _ = template.render(&message(facts()));
        }
    }
}
