//! What templates may say: output, `if`, `for`, filters, tests, comparisons and arithmetic that cannot grow a value.
//!
//! Jinja is a programming language in which forty short lines double a text forty times; fuel counts instructions, not bytes.
//! Nothing that builds a new text or list out of others (`~`, `+`, `*`, literals of lists and maps, `set`, macros, calls) is
//! part of the language here, so no value grows beyond the message it came from, and the output is capped as it is written.

use minijinja::{
    machinery::{
        Span, Token,
        ast::{BinOpKind, CallArg, Expr, Stmt},
        parse, tokenize,
    },
    syntax::SyntaxConfig,
};

use super::{TemplateError, filters, refused};
use crate::suggest::did_you_mean;

/// Operators and `elif`s nest as deep as they are many, and the parser and compiler recurse: these bound the stack.
const MAX_TOKENS_PER_TAG: usize = 200;
const MAX_STATEMENTS: usize = 300;

/// Refuses `source` when it says anything else.
pub(super) fn check(source: &str) -> Result<(), TemplateError> {
    check_size(source)?;
    let root = parse(source, super::NAME, SyntaxConfig::default()).map_err(|error| refused(&error))?;
    statement(&root)
}

fn check_size(source: &str) -> Result<(), TemplateError> {
    let (mut tokens, mut statements) = (0, 0);
    for token in tokenize(source, false, SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| refused(&error))?;
        tokens += 1;
        match token {
            Token::VariableStart => tokens = 0,
            Token::BlockStart => (tokens, statements) = (0, statements + 1),
            _ => {}
        }
        if tokens > MAX_TOKENS_PER_TAG {
            return refuse(span, "more than 200 words and signs in one pair of braces");
        }
        if statements > MAX_STATEMENTS {
            return refuse(span, "more than 300 statements");
        }
    }
    Ok(())
}

fn statement(statement: &Stmt<'_>) -> Result<(), TemplateError> {
    match statement {
        Stmt::Template(template) => statements(&template.children),
        Stmt::EmitExpr(emit) => expression(&emit.expr),
        Stmt::EmitRaw(_) => Ok(()),
        Stmt::ForLoop(each) => {
            if each.recursive {
                return refuse(each.span(), "recursive loops");
            }
            expression(&each.iter)?;
            each.filter_expr.iter().try_for_each(expression)?;
            statements(&each.body)?;
            statements(&each.else_body)
        }
        Stmt::IfCond(condition) => {
            expression(&condition.expr)?;
            statements(&condition.true_body)?;
            statements(&condition.false_body)
        }
        Stmt::WithBlock(node) => refuse(node.span(), "`with`"),
        Stmt::Set(node) => refuse(node.span(), "`set`"),
        Stmt::SetBlock(node) => refuse(node.span(), "`set`"),
        Stmt::AutoEscape(node) => refuse(node.span(), "`autoescape`"),
        Stmt::FilterBlock(node) => refuse(node.span(), "`filter` blocks"),
        Stmt::Do(node) => refuse(node.span(), "`do`"),
    }
}

fn statements(list: &[Stmt<'_>]) -> Result<(), TemplateError> {
    list.iter().try_for_each(statement)
}

fn expression(node: &Expr<'_>) -> Result<(), TemplateError> {
    match node {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::Slice(slice) => {
            expression(&slice.expr)?;
            [&slice.start, &slice.stop, &slice.step].into_iter().flatten().try_for_each(expression)
        }
        Expr::UnaryOp(operation) => expression(&operation.expr),
        Expr::BinOp(operation) => {
            if matches!(operation.op, BinOpKind::Add | BinOpKind::Mul | BinOpKind::Pow | BinOpKind::Concat) {
                return refuse(
                    operation.span(),
                    "`+`, `*`, `**` and `~` (write the parts next to each other: {{ a }}{{ b }})",
                );
            }
            expression(&operation.left)?;
            expression(&operation.right)
        }
        Expr::Compare(comparison) => {
            expression(&comparison.expr)?;
            comparison.ops.iter().try_for_each(|operation| expression(&operation.expr))
        }
        Expr::IfExpr(choice) => {
            expression(&choice.test_expr)?;
            expression(&choice.true_expr)?;
            choice.false_expr.iter().try_for_each(expression)
        }
        Expr::Filter(filter) => {
            known(node, "filter", filter.name, &filters::FILTERS)?;
            filter.expr.iter().try_for_each(expression)?;
            arguments(node, &filter.args)
        }
        Expr::Test(test) => {
            known(node, "test", test.name, &filters::TESTS)?;
            expression(&test.expr)?;
            arguments(node, &test.args)
        }
        Expr::GetAttr(access) => expression(&access.expr),
        Expr::GetItem(access) => {
            expression(&access.expr)?;
            expression(&access.subscript_expr)
        }
        Expr::Call(_) => refuse(node.span(), "calls"),
        Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => refuse(node.span(), "lists and maps of its own"),
    }
}

fn arguments(node: &Expr<'_>, arguments: &[CallArg<'_>]) -> Result<(), TemplateError> {
    arguments.iter().try_for_each(|argument| match argument {
        CallArg::Pos(value) | CallArg::Kwarg(_, value) => expression(value),
        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => refuse(node.span(), "`*` and `**` arguments"),
    })
}

fn known(node: &Expr<'_>, what: &str, name: &str, names: &[&str]) -> Result<(), TemplateError> {
    if names.contains(&name) {
        return Ok(());
    }
    let reason = format!("there is no {what} {name:?}{}", did_you_mean(name, names));
    Err(TemplateError::Refused { line: line(node.span()), reason })
}

fn refuse<T>(span: Span, what: &str) -> Result<T, TemplateError> {
    Err(TemplateError::Refused { line: line(span), reason: format!("a template cannot have {what}") })
}

fn line(span: Span) -> usize {
    usize::from(span.start_line).max(1)
}
