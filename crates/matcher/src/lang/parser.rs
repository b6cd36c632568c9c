//! Reads a condition: operators by precedence (Pratt), bounded in length, depth and number of nodes.

use std::ops::Range;

use super::{
    ast::{Arithmetic, Comparison, Expression, Kind, Word},
    error::ExprError,
    token::{Token, Tokens},
};

/// The longest text, in bytes.
const MAX_TEXT: usize = 8 * 1024;
/// The deepest nesting.
pub(super) const MAX_DEPTH: usize = 64;
/// The most nodes; items of list literals are counted by [`MAX_ITEMS`].
const MAX_NODES: usize = 1_000;
/// The most items of one list literal.
const MAX_ITEMS: usize = 1_000;

/// Reads the whole of `text`.
pub(crate) fn parse(text: &str) -> Result<Expression, ExprError> {
    if text.len() > MAX_TEXT {
        return Err(ExprError::new(MAX_TEXT..MAX_TEXT, format!("a condition has at most {MAX_TEXT} bytes")));
    }
    let mut tokens = Tokens::new(text);
    let next = tokens.next()?;
    let mut parser = Parser { tokens, next, end: 0, nodes: 0, open: 0 };
    if parser.next.0 == Token::End {
        return Err(ExprError::new(0..text.len(), "the condition is empty"));
    }
    let expression = parser.expression(Power::Lowest)?;
    match parser.next.0 {
        Token::End => Ok(expression),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

/// How strongly an operator binds, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Lowest,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Prefix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Compare(Comparison),
    In,
    Arithmetic(Arithmetic),
}

impl Operator {
    fn of(token: &Token<'_>) -> Option<Self> {
        let sign = match token {
            Token::Sign(sign) => *sign,
            Token::Name("in") => return Some(Self::In),
            _ => return None,
        };
        Some(match sign {
            "||" => Self::Or,
            "&&" => Self::And,
            "==" => Self::Compare(Comparison::Equal),
            "!=" => Self::Compare(Comparison::NotEqual),
            "<" => Self::Compare(Comparison::Less),
            "<=" => Self::Compare(Comparison::LessOrEqual),
            ">" => Self::Compare(Comparison::Greater),
            ">=" => Self::Compare(Comparison::GreaterOrEqual),
            "+" => Self::Arithmetic(Arithmetic::Add),
            "-" => Self::Arithmetic(Arithmetic::Subtract),
            "*" => Self::Arithmetic(Arithmetic::Multiply),
            "/" => Self::Arithmetic(Arithmetic::Divide),
            "%" => Self::Arithmetic(Arithmetic::Remainder),
            _ => return None,
        })
    }

    fn power(self) -> Power {
        match self {
            Self::Or => Power::Or,
            Self::And => Power::And,
            Self::Compare(_) | Self::In => Power::Compare,
            Self::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => Power::Sum,
            Self::Arithmetic(_) => Power::Product,
        }
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    next: (Token<'a>, Range<usize>),
    /// Where the last token taken ended.
    end: usize,
    nodes: usize,
    /// How many levels the parser itself is in.
    open: usize,
}

impl<'a> Parser<'a> {
    /// An expression of operators that bind more strongly than `above`.
    fn expression(&mut self, above: Power) -> Result<Expression, ExprError> {
        self.open += 1;
        if self.open > MAX_DEPTH {
            return Err(too_deep(self.next.1.clone()));
        }
        let mut left = self.prefix()?;
        while let Some(operator) = Operator::of(&self.next.0).filter(|operator| operator.power() > above) {
            let sign = self.advance()?.1;
            let right = self.expression(operator.power())?;
            if operator.power() == Power::Compare && self.at_comparison() {
                let message = "comparisons do not chain; write a < b && b < c";
                return Err(ExprError::new(self.next.1.clone(), message));
            }
            left = self.join(operator, left, right, sign)?;
        }
        self.open -= 1;
        Ok(left)
    }

    fn at_comparison(&self) -> bool {
        Operator::of(&self.next.0).is_some_and(|operator| operator.power() == Power::Compare)
    }

    fn join(
        &mut self,
        operator: Operator,
        left: Expression,
        right: Expression,
        sign: Range<usize>,
    ) -> Result<Expression, ExprError> {
        let span = left.span.start..right.span.end;
        let deeper = left.depth.max(right.depth) + 1;
        // A chain stays flat, so that a long one is not a deep one.
        let flat = left.depth.max(right.depth + 1);
        let (kind, depth) = match (operator, left.kind) {
            (Operator::And, Kind::And(parts)) => (Kind::And(with(parts, right)), flat),
            (Operator::Or, Kind::Or(parts)) => (Kind::Or(with(parts, right)), flat),
            (operator, kind) => (operator.apply(Expression { kind, ..left }, right), deeper),
        };
        self.node(kind, span, depth).map_err(|error| ExprError { span: sign, ..error })
    }

    fn node(&mut self, kind: Kind, span: Range<usize>, depth: usize) -> Result<Expression, ExprError> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        if self.nodes > MAX_NODES {
            return Err(ExprError::new(span, format!("a condition has at most {MAX_NODES} parts")));
        }
        Ok(Expression { kind, span, depth })
    }

    /// An operand with what stands before and after it.
    fn prefix(&mut self) -> Result<Expression, ExprError> {
        let (sign, start) = match &self.next.0 {
            Token::Sign(sign @ ("!" | "-")) => (*sign, self.next.1.start),
            _ => return self.postfix(),
        };
        self.advance()?;
        let operand = self.expression(Power::Prefix)?;
        let (span, depth) = (start..operand.span.end, operand.depth + 1);
        let kind = match (sign, operand.kind) {
            // A literal of its own, so that types can be compared with it.
            ("-", Kind::Int(int)) => Kind::Int(-int),
            ("-", kind) => Kind::Negate(Box::new(Expression { kind, ..operand })),
            (_, kind) => Kind::Not(Box::new(Expression { kind, ..operand })),
        };
        self.node(kind, span, depth)
    }

    fn postfix(&mut self) -> Result<Expression, ExprError> {
        let mut value = self.primary()?;
        loop {
            let start = value.span.start;
            if self.take(".")? {
                let word = self.word()?;
                if self.take("(")? {
                    let arguments = self.list(")", vec![value])?;
                    value = self.call(word, arguments, start)?;
                } else {
                    let (span, depth) = (start..word.span.end, value.depth + 1);
                    value = self.node(Kind::Field(Box::new(value), word), span, depth)?;
                }
            } else if self.take("[")? {
                let index = self.expression(Power::Lowest)?;
                self.expect("]")?;
                let depth = value.depth.max(index.depth) + 1;
                value = self.node(Kind::Index(Box::new(value), Box::new(index)), start..self.end, depth)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn primary(&mut self) -> Result<Expression, ExprError> {
        let (token, span) = self.next.clone();
        let kind = match token {
            Token::Int(int) => Kind::Int(int),
            Token::Text(text) => Kind::Text(text.into()),
            Token::Name("true") => Kind::Bool(true),
            Token::Name("false") => Kind::Bool(false),
            Token::Name("in") => return Err(self.unexpected("a value")),
            Token::Name(name) => {
                self.advance()?;
                if self.take("(")? {
                    let arguments = self.list(")", Vec::new())?;
                    let start = span.start;
                    return self.call(Word { text: name.into(), span }, arguments, start);
                }
                return self.node(Kind::Name(name.into()), span, 1);
            }
            Token::Sign("(") => {
                self.advance()?;
                let inner = self.expression(Power::Lowest)?;
                self.expect(")")?;
                return Ok(Expression { span: span.start..self.end, ..inner });
            }
            Token::Sign("[") => {
                self.advance()?;
                let items = self.list("]", Vec::new())?;
                let depth = 1 + deepest(&items);
                return self.node(Kind::List(items), span.start..self.end, depth);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance()?;
        self.node(kind, span, 1)
    }

    fn call(
        &mut self,
        name: Word,
        arguments: Vec<Expression>,
        start: usize,
    ) -> Result<Expression, ExprError> {
        let depth = 1 + deepest(&arguments);
        self.node(Kind::Call(name, arguments), start..self.end, depth)
    }

    /// Expressions with commas between them, up to and with `close`, after those of `items`.
    fn list(
        &mut self,
        close: &'static str,
        mut items: Vec<Expression>,
    ) -> Result<Vec<Expression>, ExprError> {
        if self.take(close)? {
            return Ok(items);
        }
        loop {
            let nodes = self.nodes;
            let item = self.expression(Power::Lowest)?;
            if matches!(item.kind, Kind::Int(_) | Kind::Text(_) | Kind::Bool(_)) {
                self.nodes = nodes;
            }
            if items.len() == MAX_ITEMS {
                let message =
                    format!("a list has at most {MAX_ITEMS} items; for more addresses there are sets");
                return Err(ExprError::new(item.span, message));
            }
            items.push(item);
            if self.take(close)? {
                return Ok(items);
            }
            if !self.take(",")? {
                return Err(self.unexpected(if close == ")" { "',' or ')'" } else { "',' or ']'" }));
            }
        }
    }

    fn word(&mut self) -> Result<Word, ExprError> {
        match self.next.clone() {
            (Token::Name(name), span) => {
                self.advance()?;
                Ok(Word { text: name.into(), span })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn advance(&mut self) -> Result<(Token<'a>, Range<usize>), ExprError> {
        self.end = self.next.1.end;
        let next = self.tokens.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn take(&mut self, sign: &str) -> Result<bool, ExprError> {
        let there = matches!(&self.next.0, Token::Sign(next) if *next == sign);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), ExprError> {
        if self.take(sign)? { Ok(()) } else { Err(self.unexpected(&format!("'{sign}'"))) }
    }

    fn unexpected(&self, wanted: &str) -> ExprError {
        let (token, span) = &self.next;
        let instead = match token {
            Token::Name("and" | "AND") => "; write && for \"and\"",
            Token::Name("or" | "OR") => "; write || for \"or\"",
            Token::Name("not" | "NOT") => "; write ! for \"not\"",
            Token::Name(_) if wanted.starts_with("an operator") => "; text is written in quotes",
            _ => "",
        };
        ExprError::new(span.clone(), format!("{wanted} is expected here{instead}"))
    }
}

impl Operator {
    fn apply(self, left: Expression, right: Expression) -> Kind {
        match self {
            Self::And => Kind::And(vec![left, right]),
            Self::Or => Kind::Or(vec![left, right]),
            Self::Compare(op) => Kind::Compare(op, Box::new(left), Box::new(right)),
            Self::In => Kind::In(Box::new(left), Box::new(right)),
            Self::Arithmetic(op) => Kind::Arithmetic(op, Box::new(left), Box::new(right)),
        }
    }
}

fn with(mut parts: Vec<Expression>, last: Expression) -> Vec<Expression> {
    parts.push(last);
    parts
}

fn deepest(items: &[Expression]) -> usize {
    items.iter().map(|item| item.depth).max().unwrap_or(0)
}

fn too_deep(span: Range<usize>) -> ExprError {
    ExprError::new(span, format!("a condition is nested at most {MAX_DEPTH} deep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With all parentheses.
    fn shape(expression: &Expression) -> String {
        let join = |parts: &[Expression], sign: &str| parts.iter().map(shape).collect::<Vec<_>>().join(sign);
        match &expression.kind {
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Text(value) => format!("{value:?}"),
            Kind::List(items) => format!("[{}]", join(items, ", ")),
            Kind::Name(name) => name.to_string(),
            Kind::Field(of, word) => format!("{}.{}", shape(of), word.text),
            Kind::Index(of, index) => format!("{}[{}]", shape(of), shape(index)),
            Kind::Call(word, arguments) => format!("{}({})", word.text, join(arguments, ", ")),
            Kind::Not(operand) => format!("!{}", shape(operand)),
            Kind::Negate(operand) => format!("-{}", shape(operand)),
            Kind::And(parts) => format!("({})", join(parts, " && ")),
            Kind::Or(parts) => format!("({})", join(parts, " || ")),
            Kind::Compare(op, a, b) => format!("({} {} {})", shape(a), op.sign(), shape(b)),
            Kind::In(a, b) => format!("({} in {})", shape(a), shape(b)),
            Kind::Arithmetic(op, a, b) => format!("({} {} {})", shape(a), op.sign(), shape(b)),
        }
    }

    fn error(text: &str) -> (String, String) {
        let error = parse(text).unwrap_err();
        (text.get(error.span).unwrap().to_owned(), error.message)
    }

    #[test]
    fn operators_bind_as_in_every_language() {
        for (text, wanted) in [
            ("a || b && c || d", "(a || (b && c) || d)"),
            ("!a && -b + c * 2 - d % 3 >= 1", "(!a && (((-b + (c * 2)) - (d % 3)) >= 1))"),
            ("a.b[0].c in [1, -2, 0xfF]", "(a.b[0].c in [1, -2, 255])"),
            ("x.f(1) == f(x, 1)", "(f(x, 1) == f(x, 1))"),
            ("(a || b) && c", "((a || b) && c)"),
            (r#"'a\'' == "\u{e9}\n\"""#, r#"("a'" == "é\n\"")"#),
            ("args.in != args.true", "(args.in != args.true)"),
            ("10_000 - -1", "(10000 - -1)"),
        ] {
            assert_eq!(shape(&parse(text).unwrap()), wanted, "{text}");
        }
    }

    #[test]
    fn every_part_knows_its_bytes() {
        let text = " a + (b.c) == f( 1 ) ";
        let parsed = parse(text).unwrap();
        assert_eq!(&text[parsed.span.clone()], "a + (b.c) == f( 1 )");
        let Kind::Compare(_, left, right) = &parsed.kind else { panic!("{parsed:?}") };
        assert_eq!((&text[left.span.clone()], &text[right.span.clone()]), ("a + (b.c)", "f( 1 )"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, place, message) in [
            ("value = 1", "=", "write == to compare"),
            ("a & b", "&", "write && for \"and\""),
            ("a and b", "and", "an operator or the end is expected here; write && for \"and\""),
            ("a < b < c", "<", "comparisons do not chain; write a < b && b < c"),
            ("value > 1.5", "1.5", "numbers are whole; for units with decimals write units(\"1.5\", 18)"),
            ("value > 5ether", "5ether", "\"ether\" cannot follow a number; units are written like gwei(30)"),
            ("(a", "", "')' is expected here"),
            ("f(a b)", "b", "',' or ')' is expected here"),
            ("a ==", "", "a value is expected here"),
            ("'abc", "'abc", "the text has no closing '"),
            ("a == \"\\q\"", "\\q", "unknown escape; there are \\\\ \\\" \\' \\n \\r \\t and \\u{…}"),
            ("a == é", "é", "the character 'é' has no meaning here"),
            ("a..b", ".", "a name is expected here"),
            ("  ", "  ", "the condition is empty"),
        ] {
            assert_eq!(error(text), (place.to_owned(), message.to_owned()), "{text}");
        }
        assert_eq!(error(&format!("a > {}", "9".repeat(80))).1, "the number is beyond 256 bits");
    }

    #[test]
    fn size_is_bounded_whatever_the_shape() {
        let nested =
            |open: &str, close: &str, count: usize| format!("{}a{}", open.repeat(count), close.repeat(count));
        for text in
            [nested("(", ")", 100), nested("!", "", 100), nested("f(", ")", 100), nested("[", "]", 100)]
        {
            assert!(error(&text).1.contains("64 deep"), "{text}");
        }
        for text in [nested("", ".b", 100), nested("", "[0]", 100), nested("", "+1", 100)] {
            assert!(error(&text).1.contains("64 deep"), "{text}");
        }
        assert!(parse(&nested("(", ")", 60)).is_ok());
        assert!(parse(&nested("", " && a", 400)).is_ok());
        assert!(error(&nested("", "||a", 1_100)).1.contains("1000 parts"));
        assert!(parse(&format!("a in [{}1]", "1,".repeat(999))).is_ok());
        assert!(error(&format!("a in [{}1]", "1,".repeat(1_000))).1.contains("1000 items"));
        assert!(error(&" ".repeat(9_000)).1.contains("8192 bytes"));
    }
}
