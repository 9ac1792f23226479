//! The step of a flow.

use std::sync::Arc;

use astrogen_data::{BatchConfig, Batches, RowDataset, Rows};
use astrogen_flows::{Flow, FlowConfig, Member};
use astrogen_train::{
    AdamConfig, EvaluateBy, Evaluation, Event, FitConfig, FlowStep, FlowStepConfig, Observer,
    RunDir, State, Step, StopSignal, TrainError, fit,
};
use ndarray::{Array1, Array2};
use tch::{Device, Kind, Tensor};

use crate::resume::resumes_to_the_last_bit;
use crate::{alone, bytes_of};

/// Rows on a ring whose radius is the context.
fn rows(n: usize) -> RowDataset {
    let angle = |row: usize| row as f32 * 2.4;
    let radius = |row: usize| 0.5 + (row % 10) as f32 / 5.0;
    let features = Array2::from_shape_fn((n, 2), |(row, i)| {
        radius(row) * if i == 0 { angle(row).cos() } else { angle(row).sin() }
    });
    let context = Array2::from_shape_fn((n, 1), |(row, _)| radius(row));
    RowDataset::new(context, features).unwrap()
}

fn batches() -> Batches<Rows> {
    let config = BatchConfig { batch_size: 20, seed: 5, ..BatchConfig::default() };
    Batches::new(Arc::new(rows(90)), &config, Device::Cpu).unwrap()
}

fn step(member: Member) -> FlowStep {
    tch::manual_seed(3);
    let flow = FlowConfig { transforms: 2, hidden: vec![16], ..member.config(2, 1) };
    let config = FlowStepConfig {
        optimizer: AdamConfig { lr: 5e-3, ..AdamConfig::default() },
        ..FlowStepConfig::default()
    };
    FlowStep::new(&flow, &config, Device::Cpu).unwrap()
}

#[test]
fn runs_resume_to_the_last_bit() {
    let _alone = alone();
    for (name, member) in Member::ALL {
        let whole = resumes_to_the_last_bit(|| step(member), batches);
        assert_eq!(whole.losses, ["nll", "gradient_norm"], "{name}");
        let flow = Flow::load(&whole.run, Device::Cpu).unwrap();
        let x = Tensor::from_slice(&[0.1f32, 0.4]).view([1, 2]);
        let context = Tensor::from_slice(&[1.0f32]);
        // Without gradients, so that both go the same way.
        let of = |flow: &Flow| tch::no_grad(|| flow.given(&context).unwrap().log_prob(&x));
        assert_eq!(of(&flow).unwrap(), of(whole.step.flow()).unwrap(), "{name}");
    }
}

#[test]
fn what_is_learnt_makes_held_out_rows_more_likely() {
    let _alone = alone();
    let held_out = rows(1000);
    for member in [Member::Maf, Member::Nsf, Member::Sospf, Member::RealNvp] {
        let (mut step, mut batches) = (step(member), batches());
        let before = step.negative_log_likelihood(&held_out).unwrap();
        for _ in 0..150 {
            step.step(&batches.next_batch().unwrap()).unwrap();
        }
        let after = step.negative_log_likelihood(&held_out).unwrap();
        assert!(after < before - 0.2, "{member:?}: {before} {after}");
    }
}

#[test]
fn long_gradients_are_shortened() {
    let _alone = alone();
    let update = |max_gradient_norm, scale: f64| {
        tch::manual_seed(3);
        let flow = FlowConfig { transforms: 1, hidden: vec![4], ..FlowConfig::maf(2, 0) };
        let config = FlowStepConfig { max_gradient_norm, ..FlowStepConfig::default() };
        let mut step = FlowStep::new(&flow, &config, Device::Cpu).unwrap();
        let x = Tensor::randn([30, 2], (Kind::Float, Device::Cpu)) * scale;
        let [_, norm] = step.update(None, &x, None).unwrap();
        let moment =
            step.state().into_iter().find(|(name, _)| name.contains("exp_avg.")).unwrap().1;
        (norm.double_value(&[]), moment.norm().double_value(&[]), bytes_of(&step))
    };
    let (norm, free, _) = update(None, 10.0);
    let (same, short, _) = update(Some(1.0), 10.0);
    assert!(norm > 10.0 && (norm - same).abs() < 1e-6, "{norm} {same}");
    assert!((short / free - 1.0 / norm).abs() < 1e-4, "{short} {free}");
    assert_eq!(update(None, 0.1).2, update(Some(1e6), 0.1).2, "short ones stay");
    let message = FlowStepConfig { max_gradient_norm: Some(0.0), ..FlowStepConfig::default() };
    let message = message.validate().unwrap_err().to_string();
    assert_eq!(message, "max_gradient_norm must be a finite number above 0, or none, got 0");
}

#[test]
fn rows_count_as_much_as_their_weights_say() {
    let _alone = alone();
    let weights = Array1::from_shape_fn(90, |row| if row < 30 { 1.0 } else { 0.0 });
    let weighted = rows(90).with_weights(weights).unwrap();
    let mut step = step(Member::Maf);
    let alone = step.negative_log_likelihood(&rows(30)).unwrap();
    assert!((step.negative_log_likelihood(&weighted).unwrap() - alone).abs() < 1e-5);
    let losses = step.step(&weighted.to_batch(Device::Cpu).unwrap()).unwrap();
    assert!((losses[0].1.double_value(&[]) - alone).abs() < 1e-5);
}

#[test]
fn a_run_that_is_no_longer_finite_goes_back_to_its_best_state() {
    let _alone = alone();
    let train = |return_to_best, spoilt_after: u64| {
        let folder = tempfile::tempdir().unwrap();
        let mut step = step(Member::Maf);
        let config = FitConfig {
            steps: 20,
            checkpoint_interval: 2,
            log_interval: 1,
            return_to_best,
            ..FitConfig::default()
        };
        let mut warnings = Vec::new();
        // The second checkpoint, of step 4, is the best.
        let mut scores = [3.0, 1.0].into_iter();
        let mut evaluate = EvaluateBy(|_: &FlowStep| {
            Ok(Evaluation { score: Some(scores.next().unwrap_or(2.0)), ..Evaluation::default() })
        });
        let mut spoil = |step: &FlowStep, event: &Event| {
            match event {
                Event::Logged { step: at, .. } if *at == spoilt_after => {
                    let weight = step.flow().named_tensors().into_iter();
                    let weight = weight.map(|(_, of)| of).find(|of| of.requires_grad()).unwrap();
                    let _ = tch::no_grad(|| weight.detach().fill_(f64::NAN));
                }
                Event::Warned { message } => warnings.push((*message).to_owned()),
                _ => {}
            }
            Ok(())
        };
        let run = RunDir::create(&folder.path().join("run")).unwrap();
        let stop = StopSignal::default();
        let observers: &mut [&mut dyn Observer<FlowStep>] = &mut [&mut evaluate, &mut spoil];
        let ended = fit(&mut step, &mut batches(), &run, &config, &stop, observers);
        let exported = Flow::load(run.path(), Device::Cpu).ok();
        (ended, step, exported, warnings, folder)
    };
    let (ended, step, exported, warnings, folder) = train(true, 9);
    let outcome = ended.unwrap();
    assert_eq!((outcome.step, outcome.interrupted), (4, false));
    assert!(outcome.checkpoint.ends_with("step-00000004.safetensors"), "{outcome:?}");
    let message = "nll is not finite at step 10: training ends with the state of step 4, the best";
    assert_eq!(warnings, [message]);
    let best = Flow::load(folder.path().join("run/best"), Device::Cpu).unwrap();
    for other in [step.flow(), &exported.unwrap()] {
        for ((name, a), (_, b)) in best.named_tensors().into_iter().zip(other.named_tensors()) {
            assert_eq!(a, b, "{name}");
        }
    }
    let is_non_finite = |ended: &Result<_, TrainError>| matches!(ended, Err(TrainError::NonFinite { step, .. }) if *step > 0);
    assert!(is_non_finite(&train(false, 9).0), "an error, where that was not asked for");
    assert!(is_non_finite(&train(true, 1).0), "there is nothing to go back to");
}
