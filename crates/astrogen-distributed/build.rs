//! Compiles the C++ side of the engine against libtorch's headers, where the feature asks for it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "engine")]
    engine::compile();
}

#[cfg(feature = "engine")]
mod engine {
    use std::env;
    use std::path::PathBuf;

    pub(super) fn compile() {
        println!("cargo:rerun-if-changed=shim");
        println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
        // torch-sys tells those that depend on it where libtorch is.
        let libraries = env::var("DEP_TCH_LIBTORCH_LIB")
            .expect("torch-sys says where libtorch is; it depends on its `links`");
        let include = PathBuf::from(libraries).join("../include");
        let store = include.join("torch/csrc/distributed/c10d/TCPStore.hpp");
        assert!(
            store.is_file(),
            "{} is not there: this libtorch has no distributed engine. Use one that has, or build \
             without the feature `distributed`",
            store.display()
        );
        let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_owned());
        cc::Build::new()
            .cpp(true)
            .std("c++20")
            .opt_level(3) // in every profile: what is tested is what is released
            // Gloo is in libtorch_cuda too, which calls from here to gloo itself would make every program
            // need; those of virtual functions stay inside libtorch.
            .flag_if_supported("-fno-devirtualize")
            .flag_if_supported("-fno-devirtualize-speculatively")
            .warnings(false) // libtorch's headers are full of them
            .include("shim") // the names of gloo's types
            .include(&include)
            .include(include.join("torch/csrc/api/include"))
            .define("USE_C10D_GLOO", None)
            .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
            .file("shim/engine.cpp")
            .compile("astrogen_engine");
    }
}
