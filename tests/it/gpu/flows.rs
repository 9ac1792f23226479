//! Every flow of the zoo, both ways.

use astrogen::flows::{Flow, Member};
use tch::{Device, Tensor, nn};

use super::{CPU, apart, check, other, turn};

#[test]
fn flows_agree() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, member) in Member::ALL {
        tch::manual_seed(2);
        let store = nn::VarStore::new(Device::Cpu);
        let here = member.config(4, 2).init(&store.root()).expect("a flow");
        let path = folder.path().join(Flow::FILE);
        here.save(&path).expect("written");
        let there = Flow::load(&path, other()).expect("read");
        let (x, context) = (Tensor::randn([100, 4], CPU), Tensor::randn([100, 2], CPU));
        let densities = |flow: &Flow| {
            let given = flow.given(&context).expect("a context");
            given.log_prob(&x).expect("densities").detach()
        };
        check(
            &format!("flow {name}, densities"),
            apart(&densities(&here), &densities(&there)),
            1e-4,
        );
        let z = x.narrow(0, 0, 20);
        let given = |flow: &Flow| {
            let given = flow.given(&context.narrow(0, 0, 20)).expect("a context");
            tch::no_grad(|| given.inverse(&z)).expect("samples")
        };
        check(&format!("flow {name}, samples"), apart(&given(&here), &given(&there)), 1e-3);
        std::fs::remove_file(&path).expect("removed");
    }
}
