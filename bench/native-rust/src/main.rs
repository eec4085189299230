//! Answers and times calls of the crate `starknet-crypto`: `native-rust <figure> <calls>`, with an item of that figure in each line of
//! stdin, its numbers in 0x hex. Prints the answer to every item in a line, and in the last one the microseconds of processor time that
//! one call takes, after as many unmeasured ones; the items take turns.

use std::io::{stdin, BufRead};

use cpu_time::ProcessTime;
use starknet_crypto::{pedersen_hash, recover, verify, Felt, PedersenHasher};

fn hash_of(elements: &[Felt]) -> Felt {
    let mut hasher = PedersenHasher::new();
    elements.iter().for_each(|element| hasher.update(*element));
    hasher.finalize()
}

fn is_valid(hash: &Felt, r: &Felt, s: &Felt, public_key: &Felt) -> Felt {
    match verify(public_key, hash, r, s) {
        Ok(true) => Felt::ONE,
        _ => Felt::ZERO,
    }
}

fn answer(figure: &str, item: &[Felt]) -> Vec<Felt> {
    match (figure, item) {
        ("pedersen", [a, b]) => vec![pedersen_hash(a, b)],
        ("verify", [hash, r, s, public_key]) => vec![is_valid(hash, r, s, public_key)],
        ("recover", [hash, r, s]) => [Felt::ZERO, Felt::ONE]
            .iter()
            .map(|v| recover(hash, r, s, v).expect("a key"))
            .collect(),
        // The message is of an order; the signature beside it is of another, as a valid one of each would have to be made first.
        ("order", [hash, r, s, public_key, prefix, domain, account, order @ ..]) => {
            let message = hash_of(&[*prefix, *domain, *account, hash_of(order)]);
            vec![message, is_valid(hash, r, s, public_key)]
        }
        _ => panic!("no item of a figure"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, figure, calls] = &arguments[..] else {
        panic!("usage: native-rust <figure> <calls>")
    };
    let calls: usize = calls.parse().expect("a number of calls");
    let items: Vec<Vec<Felt>> = stdin()
        .lock()
        .lines()
        .map(|line| line.expect("a line"))
        .map(|line| line.split(' ').map(|text| Felt::from_hex(text).expect("a felt")).collect())
        .collect();
    for item in &items {
        let answers: Vec<String> = answer(figure, item).iter().map(Felt::to_hex_string).collect();
        println!("{}", answers.join(" "));
    }
    let run = || {
        for item in items.iter().cycle().take(calls) {
            std::hint::black_box(answer(figure, std::hint::black_box(item)));
        }
    };
    run();
    let started = ProcessTime::now();
    run();
    println!("{}", started.elapsed().as_nanos() as f64 / 1000.0 / calls as f64);
}
