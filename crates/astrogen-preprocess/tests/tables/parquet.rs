//! Parquet as other writers leave it.
