//! The same by any engine: a model, a cascade.

use super::{CatalogFile, EvalError, Line, Prediction, zone_of};
use crate::{
    model::Private,
    ports::{Context, Intent, IntentEngine, IntentError, Interpretation, OpenQuestion, Utterance},
};
use chrono::Utc;

/// Reads one message without its labels, by any engine. Where that gives no answer, the prediction is that of a message that
/// nobody understood, and the reason comes with it.
///
/// # Errors
/// When the line is not of the form or the catalogue has no names in its language.
pub async fn predict_by(
    engine: &dyn IntentEngine,
    file: &CatalogFile,
    json: &str,
) -> Result<(Prediction, Option<IntentError>), EvalError> {
    let line: Line = serde_json::from_str(json).map_err(EvalError::Form)?;
    let zone = zone_of(&line.region, line.now);
    let catalog = file.catalog(line.catalog, &line.region, zone)?;
    let utterance = Utterance { text: Private::new(line.text), at: line.now.with_timezone(&Utc) };
    let context = Context {
        catalog: &catalog,
        language: None,
        default_language: line.catalog,
        open: OpenQuestion::None,
        options: 0,
    };
    let (meaning, error) = match engine.interpret(&utterance, &context).await {
        Ok(meaning) => (meaning, None),
        Err(error) => (Interpretation::of(Intent::Other, 0.0), Some(error)),
    };
    Ok((Prediction::new(line.id, &meaning, line.catalog), error))
}
