//! Property: what is printed reads back to the same tree, on one line and broken over several.

use proptest::prelude::*;
use telltale_promql::ast::{
    AggregateExpr, AggregateOp, At, BinaryExpr, BinaryOp, Call, Cardinality, Duration, DurationExpr, DurationKind,
    Function, LabelMatch, MatrixSelector, NumberLiteral, RangeEdge, StringLiteral, SubqueryExpr, TimeShift, UnaryExpr,
    VectorMatching,
};
use telltale_promql::{Expr, ExprKind, MatchOp, PosRange, ValueType, VectorSelector, parse, parse_recovering, pretty};

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, range: PosRange::default() }
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("job".to_owned()),
        Just("le".to_owned()),
        Just("http.method".to_owned()),
        Just("a b\"c".to_owned()),
        Just("by".to_owned())
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z]{1,6}",
        Just("a\"b\\c\n\t\u{7}\u{e9}\u{1F600}".to_owned()),
        Just("x|y.*".to_owned())
    ]
}

fn seconds() -> impl Strategy<Value = NumberLiteral> {
    (1i32..100_000, any::<bool>())
        .prop_map(|(value, is_duration)| NumberLiteral { value: f64::from(value), is_duration })
}

fn duration_expr() -> impl Strategy<Value = DurationExpr> {
    let node = |kind| DurationExpr { kind, range: PosRange::default() };
    let leaf =
        prop_oneof![seconds().prop_map(DurationKind::Number), Just(DurationKind::Step), Just(DurationKind::Range),]
            .prop_map(node);
    leaf.prop_recursive(3, 12, 2, move |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|inner| DurationKind::Paren(Box::new(inner))),
            pair().prop_map(|(left, right)| DurationKind::MinOf(Box::new(left), Box::new(right))),
            pair().prop_map(|(left, right)| DurationKind::MaxOf(Box::new(left), Box::new(right))),
            (pair(), prop_oneof![Just(BinaryOp::Add), Just(BinaryOp::Mul), Just(BinaryOp::Pow)]).prop_map(
                |((left, right), op)| {
                    // Brackets keep the shape whatever binds tighter.
                    let wrap = |inner: DurationExpr| {
                        Box::new(DurationExpr {
                            kind: DurationKind::Paren(Box::new(inner)),
                            range: PosRange::default(),
                        })
                    };
                    DurationKind::Binary(op, wrap(left), wrap(right))
                }
            ),
        ]
        .prop_map(node)
    })
}

fn duration() -> impl Strategy<Value = Duration> {
    let computed = duration_expr()
        .prop_filter("a plain number is no expression", |expr| !matches!(expr.kind, DurationKind::Number(_)));
    prop_oneof![3 => (1i64..10_000_000).prop_map(Duration::Millis), 1 => computed.prop_map(|expr| Duration::Expr(Box::new(expr)))]
}

fn offset() -> impl Strategy<Value = Duration> {
    let wrapped = duration_expr().prop_map(|inner| {
        let kind = DurationKind::Paren(Box::new(inner));
        Duration::Expr(Box::new(DurationExpr { kind, range: PosRange::default() }))
    });
    prop_oneof![3 => (-1_000_000i64..1_000_000).prop_filter("zero is none", |millis| *millis != 0).prop_map(Duration::Millis), 1 => wrapped]
}

fn shift() -> impl Strategy<Value = TimeShift> {
    let at = prop_oneof![(-1_000_000i64..10_000_000).prop_map(At::Time), Just(At::Start), Just(At::End)];
    (prop::option::of(offset()), prop::option::of(at)).prop_map(|(offset, at)| TimeShift { offset, at })
}

fn selector() -> impl Strategy<Value = VectorSelector> {
    let op = prop_oneof![Just(MatchOp::Equal), Just(MatchOp::NotEqual), Just(MatchOp::Regex), Just(MatchOp::NotRegex)];
    let one = (label(), op, text()).prop_map(|(name, op, value)| {
        let value = if matches!(op, MatchOp::Regex | MatchOp::NotRegex) { "x|y.*".to_owned() } else { value };
        LabelMatch { name, op, value, range: PosRange::default() }
    });
    let edge = prop_oneof![4 => Just(RangeEdge::Plain), 1 => Just(RangeEdge::Anchored), 1 => Just(RangeEdge::Smoothed)];
    let name = prop_oneof![Just("up"), Just("a:b"), Just("sum"), Just("offset"), Just("fill")]
        .prop_map(|name| Some(name.to_owned()));
    (name, prop::collection::vec(one, 0..3), shift(), edge).prop_map(|(name, mut label_matches, shift, edge)| {
        // Printed in the order of their texts.
        label_matches.sort_by_key(|one| format!("{}{}{:?}", quoted(&one.name), one.op.as_str(), one.value));
        VectorSelector { name, label_matches, shift, edge }
    })
}

fn quoted(name: &str) -> String {
    if name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

fn scalar() -> impl Strategy<Value = Expr> {
    let number = prop_oneof![
        any::<f64>().prop_map(|value| NumberLiteral { value, is_duration: false }),
        seconds(),
        Just(NumberLiteral { value: f64::INFINITY, is_duration: false }),
    ];
    prop_oneof![
        number.prop_map(|number| expr(ExprKind::Number(number))),
        Just(call("time", Vec::new())),
        Just(call("start", Vec::new())),
    ]
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    expr(ExprKind::Call(Call { function: Function::find(name).unwrap(), args }))
}

fn range() -> impl Strategy<Value = Expr> {
    (selector(), duration()).prop_map(|(selector, range)| {
        expr(ExprKind::Matrix(MatrixSelector { selector, selector_range: PosRange::default(), range }))
    })
}

/// In brackets, so that the shape does not hang on what binds tighter.
fn paren(inner: Expr) -> Expr {
    expr(ExprKind::Paren(Box::new(inner)))
}

fn vector() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        selector().prop_map(|selector| expr(ExprKind::Vector(selector))),
        range().prop_map(|range| call("rate", vec![range])),
        (scalar(), range()).prop_map(|(q, range)| call("quantile_over_time", vec![q, range])),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let labels = || prop::collection::vec(label(), 0..3);
        let aggregate =
            (inner.clone(), prop::sample::select(AggregateOp::ALL.to_vec()), scalar(), labels(), any::<bool>(), text());
        let subquery = (inner.clone(), duration(), prop::option::of(duration()), shift());
        let binary =
            (inner.clone(), prop_oneof![2 => inner.clone(), 1 => scalar()], operator(), any::<bool>(), matching());
        prop_oneof![
            inner.clone().prop_map(paren),
            (inner, any::<bool>()).prop_map(|(inner, is_minus)| expr(ExprKind::Unary(UnaryExpr {
                is_minus,
                expr: Box::new(paren(inner))
            }))),
            aggregate.prop_map(|(inner, op, param, grouping, is_without, text)| {
                let text = StringLiteral { text, invalid: None };
                let param = match op {
                    AggregateOp::CountValues => Some(expr(ExprKind::String(text))),
                    op if op.has_param() => Some(param),
                    _ => None,
                };
                expr(ExprKind::Aggregate(Box::new(AggregateExpr { op, expr: inner, param, grouping, is_without })))
            }),
            subquery.prop_map(|(inner, range, step, shift)| {
                let subquery = SubqueryExpr { expr: paren(inner), range, step, shift };
                call("max_over_time", vec![expr(ExprKind::Subquery(Box::new(subquery)))])
            }),
            binary.prop_map(|(left, right, op, is_bool, matching)| binary_expr(left, right, op, is_bool, matching)),
        ]
    })
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp as B;
    prop::sample::select(vec![
        B::Add,
        B::Sub,
        B::Mul,
        B::Div,
        B::Mod,
        B::Pow,
        B::Atan2,
        B::Equal,
        B::NotEqual,
        B::Greater,
        B::LessEqual,
        B::TrimUpper,
        B::TrimLower,
        B::And,
        B::Or,
        B::Unless,
    ])
}

fn matching() -> impl Strategy<Value = VectorMatching> {
    let cardinality =
        prop_oneof![Just(Cardinality::OneToOne), Just(Cardinality::ManyToOne), Just(Cardinality::OneToMany)];
    let fill = || prop::option::of((-1000i32..1000).prop_map(f64::from));
    (cardinality, prop::collection::vec(label(), 0..3), any::<bool>(), fill(), fill()).prop_map(
        |(cardinality, labels, is_on, fill_left, fill_right)| {
            let groups = cardinality != Cardinality::OneToOne;
            let include = if groups { vec!["extra".to_owned()] } else { Vec::new() };
            VectorMatching { cardinality, labels, is_on, include, fill_left, fill_right }
        },
    )
}

fn binary_expr(left: Expr, right: Expr, op: BinaryOp, is_bool: bool, mut matching: VectorMatching) -> Expr {
    let is_scalar = right.value_type() == ValueType::Scalar;
    let op = if is_scalar && op.is_set() { BinaryOp::Add } else { op };
    if op.is_set() {
        matching.cardinality = Cardinality::ManyToMany;
        (matching.include, matching.fill_left, matching.fill_right) = (Vec::new(), None, None);
    }
    let lhs = paren(left);
    let binary = BinaryExpr {
        op,
        lhs,
        rhs: paren(right),
        return_bool: is_bool && op.is_comparison(),
        matching: (!is_scalar).then_some(matching),
    };
    expr(ExprKind::Binary(Box::new(binary)))
}

/// Forgets where things stand.
fn bare(mut expr: Expr) -> Expr {
    forget(&mut expr);
    expr
}

fn forget(expr: &mut Expr) {
    expr.range = PosRange::default();
    match &mut expr.kind {
        ExprKind::Paren(inner) => forget(inner),
        ExprKind::Unary(unary) => forget(&mut unary.expr),
        ExprKind::Binary(binary) => {
            forget(&mut binary.lhs);
            forget(&mut binary.rhs);
            if let Some(matching) = &mut binary.matching
                && matching.labels.is_empty()
                && matching.cardinality == Cardinality::OneToOne
                && !matching.is_on
            {
                // `ignoring ()` says nothing and is not printed.
                matching.labels = Vec::new();
            }
        }
        ExprKind::Aggregate(aggregate) => {
            forget(&mut aggregate.expr);
            aggregate.param.iter_mut().for_each(forget);
        }
        ExprKind::Call(call) => call.args.iter_mut().for_each(forget),
        ExprKind::Vector(selector) => forget_selector(selector),
        ExprKind::Matrix(matrix) => {
            matrix.selector_range = PosRange::default();
            forget_selector(&mut matrix.selector);
            forget_duration(&mut matrix.range);
        }
        ExprKind::Subquery(subquery) => {
            forget(&mut subquery.expr);
            forget_duration(&mut subquery.range);
            subquery.step.iter_mut().for_each(forget_duration);
            subquery.shift.offset.iter_mut().for_each(forget_duration);
        }
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Missing => {}
    }
}

fn forget_selector(selector: &mut VectorSelector) {
    selector.label_matches.iter_mut().for_each(|one| one.range = PosRange::default());
    selector.shift.offset.iter_mut().for_each(forget_duration);
}

fn forget_duration(duration: &mut Duration) {
    if let Duration::Expr(expr) = duration {
        forget_duration_expr(expr);
    }
}

fn forget_duration_expr(expr: &mut DurationExpr) {
    expr.range = PosRange::default();
    match &mut expr.kind {
        DurationKind::Minus(inner) | DurationKind::Paren(inner) => forget_duration_expr(inner),
        DurationKind::Binary(_, left, right) | DurationKind::MinOf(left, right) | DurationKind::MaxOf(left, right) => {
            forget_duration_expr(left);
            forget_duration_expr(right);
        }
        DurationKind::Number(_) | DurationKind::Step | DurationKind::Range => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any tree that the language can write, printed and read again.
    #[test]
    fn printed_and_read_again(tree in vector()) {
        let printed = tree.to_string();
        let read = parse(&printed).map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
        prop_assert_eq!(&bare(read), &bare(tree.clone()), "{}", printed);
        let broken = pretty(&tree);
        let read = parse(&broken).map_err(|error| TestCaseError::fail(format!("{broken}: {error}")))?;
        prop_assert_eq!(bare(read), bare(tree), "{}", broken);
    }

    /// Scenario: any text, read by both parsers: neither fails otherwise than with a message, and places lie inside of the text.
    #[test]
    fn any_text_is_read_or_refused(text in r#"([a-z_]{1,4}|[0-9.]{1,3}|[(){}\[\],:@+*/^%<>=!~"'` \n#-]|sum|by|rate|offset|5m){0,24}"#) {
        let strict = parse(&text);
        let (_, errors) = parse_recovering(&text);
        if let Err(strict) = &strict {
            prop_assert!(!strict.0.is_empty());
            for error in &strict.0 {
                prop_assert!(error.range.start <= error.range.end && error.range.end <= text.len(), "{error:?}");
            }
        } else {
            prop_assert!(errors.is_empty(), "{errors:?}");
        }
    }
}
