//! Expressions that are one number a step.

use super::binary::scalar_operation;
use super::column::Steps;
use super::eval::Eval;
use crate::ast::{Call, Expr, ExprKind};
use crate::error::Error;
use crate::functions::FunctionId;
use crate::math::{go_max, go_min, millis_f64};

impl Eval<'_> {
    pub(super) fn scalar_at(&mut self, expr: &Expr, steps: Steps) -> Result<Vec<f64>, Error> {
        match &expr.kind {
            ExprKind::Number(number) => Ok(vec![number.value; steps.count]),
            ExprKind::Paren(inner) => self.scalar(inner, steps),
            ExprKind::Unary(unary) => {
                let mut values = self.scalar(&unary.expr, steps)?;
                if unary.is_minus {
                    values.iter_mut().for_each(|value| *value = -*value);
                }
                Ok(values)
            }
            ExprKind::Binary(binary) => {
                let left = self.scalar(&binary.lhs, steps)?;
                let right = self.scalar(&binary.rhs, steps)?;
                Ok(left.into_iter().zip(right).map(|(left, right)| scalar_operation(binary.op, left, right)).collect())
            }
            ExprKind::Call(call) => self.scalar_call(call, steps),
            _ => Err(Error::execution("expression is no scalar")),
        }
    }

    fn scalar_call(&mut self, call: &Call, steps: Steps) -> Result<Vec<f64>, Error> {
        let id = call.function.id;
        match (id, call.args.as_slice()) {
            (FunctionId::Pi, _) => Ok(vec![std::f64::consts::PI; steps.count]),
            (FunctionId::Time, _) => Ok(steps.times().map(|time| millis_f64(time) / 1000.0).collect()),
            (FunctionId::Start | FunctionId::End | FunctionId::Step | FunctionId::Range, _) => {
                Ok(vec![self.query.seconds_of(id); steps.count])
            }
            (FunctionId::MaxOf | FunctionId::MinOf, [left, right]) => {
                let (left, right) = (self.scalar(left, steps)?, self.scalar(right, steps)?);
                let pick = if id == FunctionId::MaxOf { go_max } else { go_min };
                Ok(left.into_iter().zip(right).map(|(left, right)| pick(left, right)).collect())
            }
            (FunctionId::Scalar, [vector]) => {
                // The only float of a step; NaN when there is none or more than one.
                let mut found: Vec<Option<f64>> = vec![None; steps.count];
                let mut many = vec![false; steps.count];
                self.stream(vector, steps, &mut |_, _, _, column| {
                    for (at, value) in column.floats_mut() {
                        if let (Some(cell), Some(many)) = (found.get_mut(at), many.get_mut(at)) {
                            *many |= cell.is_some();
                            *cell = Some(*value);
                        }
                    }
                    Ok(())
                })?;
                let only = |(value, many): (Option<f64>, bool)| if many { f64::NAN } else { value.unwrap_or(f64::NAN) };
                Ok(found.into_iter().zip(many).map(only).collect())
            }
            _ => Err(Error::execution(format!("function {:?} gives no scalar", call.function.name))),
        }
    }
}
