//! Tensors that lie one after the other in one memory.
//!
//! A GPU starts an operation in about the time that it computes one of a small network. What is done
//! alike to every weight is done to all in one operation where they lie together.

use tch::{Device, TchError, Tensor, no_grad};

/// Elements of what a GPU's fast kernels want to begin at: 256 bytes of f32.
const LINE: i64 = 64;

/// One memory, and how it is parted.
#[derive(Debug)]
pub(crate) struct Flat {
    /// All elements, `[elements]`.
    pub(crate) all: Tensor,
    /// Which tensor lies in each place, and how many elements it has. Those of whole lines come first, so
    /// that all but odd ones, which are small, begin at a line.
    places: Vec<(usize, i64)>,
}

impl Flat {
    /// Moves tensors that are not on the CPU, of one kind and on one device, to one memory: they stay the
    /// tensors that they are, with their values. None for others, which stay where they are.
    pub(crate) fn on_gpu(tensors: &[Tensor]) -> Result<Option<Self>, TchError> {
        let options = |tensor: &Tensor| (tensor.kind(), tensor.device());
        let Some(first) = tensors.first() else { return Ok(None) };
        let alike = tensors.iter().all(|tensor| options(tensor) == options(first));
        if first.device() == Device::Cpu || !alike {
            return Ok(None);
        }
        Self::of(tensors).map(Some)
    }

    /// The same on any device, of at least one tensor.
    pub(crate) fn of(tensors: &[Tensor]) -> Result<Self, TchError> {
        let lengths = tensors.iter().map(|tensor| tensor.numel() as i64);
        let mut places: Vec<(usize, i64)> = lengths.enumerate().collect();
        places.sort_by_key(|(_, length)| length % LINE != 0); // stable
        let empty = Tensor::f_empty([0i64], (tensors[0].kind(), tensors[0].device()))?;
        let mut flat = Self { all: empty, places };
        flat.all = flat.joined(tensors)?;
        for (tensor, part) in tensors.iter().zip(flat.parts(tensors)?) {
            tensor.shallow_clone().f_set_data(&part)?;
        }
        Ok(flat)
    }

    /// As many zeros.
    pub(crate) fn zeros(&self) -> Result<Self, TchError> {
        Ok(Self { all: self.all.f_zeros_like()?, places: self.places.clone() })
    }

    /// The parts of as many elements in another memory, in the order of the places.
    pub(crate) fn parts_of(&self, all: &Tensor) -> Result<Vec<Tensor>, TchError> {
        let lengths: Vec<i64> = self.places.iter().map(|(_, length)| *length).collect();
        all.f_split_with_sizes(lengths, 0)
    }

    /// Its parts, each in the shape of a tensor: they share its memory.
    pub(crate) fn parts(&self, like: &[Tensor]) -> Result<Vec<Tensor>, TchError> {
        let parts = self.parts_of(&self.all)?;
        let mut of: Vec<(usize, Tensor)> =
            self.places.iter().map(|(tensor, _)| *tensor).zip(parts).collect();
        of.sort_by_key(|(tensor, _)| *tensor);
        of.iter().zip(like).map(|((_, part), like)| part.f_view(&like.size()[..])).collect()
    }

    /// The elements of as many tensors of the same sizes in the same order, in another memory.
    pub(crate) fn joined(&self, tensors: &[Tensor]) -> Result<Tensor, TchError> {
        no_grad(|| {
            let row = |(tensor, _): &(usize, i64)| tensors[*tensor].f_detach()?.f_reshape([-1]);
            let rows: Result<Vec<Tensor>, _> = self.places.iter().map(row).collect();
            Tensor::f_cat(&rows?, 0)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tch::{Kind, nn};

    use super::*;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    /// On the CPU here, where each would stay where it is.
    #[test]
    fn tensors_stay_what_they_are() {
        let store = nn::VarStore::new(Device::Cpu);
        let root = store.root();
        let weights = [root.randn_standard("w", &[3, 2]), root.randn_standard("b", &[2])];
        let [w, b] = [0, 1].map(|i| weights[i].copy());
        let flat = Flat::of(&weights).unwrap();
        assert_eq!(store.variables()["w"], w);
        assert_eq!(flat.all.size(), [8]);
        let _ = no_grad(|| flat.all.shallow_clone().g_mul_scalar_(2.0));
        assert_eq!([store.variables()["w"].copy(), weights[1].copy()], [w * 2.0, b * 2.0]);
        let loss = (weights[0].sum(Kind::Float) * 3.0) + weights[1].sum(Kind::Float);
        loss.backward();
        assert_eq!(weights[0].grad(), Tensor::full([3, 2], 3.0, CPU));
        assert!(weights[0].requires_grad() && weights[0].is_leaf());
    }

    #[test]
    fn large_tensors_begin_at_a_line() {
        let tensors = [3, 128, 5, 64].map(|length| Tensor::full([length], length as f64, CPU));
        let flat = Flat::of(&tensors).unwrap();
        let first: Vec<f64> = [0, 128, 192, 195].map(|i| flat.all.double_value(&[i])).into();
        assert_eq!(first, [128.0, 64.0, 3.0, 5.0]);
        for (tensor, part) in tensors.iter().zip(flat.parts(&tensors).unwrap()) {
            assert_eq!((part.data_ptr(), &part), (tensor.data_ptr(), tensor));
        }
        assert_eq!(flat.joined(&tensors).unwrap(), flat.all);
    }

    #[test]
    fn parts_have_the_shapes_and_no_memory_of_their_own() {
        let tensors =
            [Tensor::ones([2, 2], CPU), Tensor::zeros([0, 3], CPU), Tensor::ones([], CPU)];
        let zeros = Flat::of(&tensors).unwrap().zeros().unwrap();
        let parts = zeros.parts(&tensors).unwrap();
        parts[0].get(1).copy_(&Tensor::from_slice(&[5.0f32, 6.0]));
        assert_eq!(zeros.all, Tensor::from_slice(&[0.0f32, 0.0, 5.0, 6.0, 0.0]));
        assert!(parts[2].size().is_empty());
        assert!(Flat::on_gpu(&tensors).unwrap().is_none(), "on the CPU each is by itself");
        assert!(Flat::on_gpu(&[]).unwrap().is_none());
    }
}
