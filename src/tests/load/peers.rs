//! Load runs against servers that misbehave, die, or say nothing.

use super::*;

/// A server that answers each connection in one way.
async fn server(reply: &'static [u8]) -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut room = vec![0; 16_384];
                while let Ok(1..) = stream.read(&mut room).await {
                    if reply.is_empty() {
                        continue;
                    }
                    if stream.write_all(reply).await.is_err() || !reply.starts_with(b"HTTP") {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_are_failures_with_a_name() {
    let world = world();
    let dead =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener").local_addr().expect("an address");
    for (address, name) in [
        (dead, "no connection"),
        (server(b"").await, "time-out"),
        (server(b"nonsense\r\n\r\n").await, "not HTTP"),
        (server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope").await, "not JSON"),
        (server(b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n").await, "HTTP 5xx without JSON"),
        (server(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n").await, "too large"),
    ] {
        let mut target = world.target.clone();
        target.endpoints.values_mut().for_each(|one| *one = format!("http://{address}"));
        let profile = format!(
            "{INIT}arrivals: {{ model: constant, rate: 20 }}\ncount: 5\ntimeout: 300ms\nthresholds: [p50 < 1s, error_rate < 1%]\n"
        );
        let summary = summary(&drive(world.input_at(target, &profile)).await.expect("a run"));
        let step = &summary.steps[0];
        assert_eq!(step.count(LoadClass::Failed), 5, "{name}: {:?}", step.codes);
        assert_eq!(step.codes.keys().collect::<Vec<_>>(), [name]);
        assert_eq!(summary.gate.exit_code, 3, "{name}: {:?}", summary.gate);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_makes_the_figures_void() {
    let world = world();
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 54\r\n\r\n{\"Code\":\"200\",\"RequestId\":5,\"Message\":\"m\",\"Other\":\"x\"}";
    let address = server(reply).await;
    let mut target = world.target.clone();
    target.endpoints.values_mut().for_each(|one| *one = format!("http://{address}"));
    let profile =
        format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\ncount: 5\ncheck_every: 1\nthresholds: [p50 < 5s]\n");
    let summary = summary(&drive(world.input_at(target, &profile)).await.expect("a run"));
    assert_eq!((summary.totals.checked, summary.totals.wrong), (5, 5));
    let told: Vec<&str> = summary.wrong.iter().map(|one| one.requirement.as_str()).collect();
    assert!(told.contains(&"cloudauth.InitFaceVerify.response.RequestId.type"), "{told:?}");
    let reason = summary.thresholds[0].reason.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(reason.starts_with("void: 5 of 5"), "{reason}");
    assert_eq!(summary.gate.exit_code, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_dies_and_comes_back_is_told_second_by_second() {
    let world = world();
    let first = mock(&world, |_| {}).await;
    let profile = format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\nduration: 4s\ntimeout: 1s\n");
    let input = world.input(&first, &profile);
    let address = first.address();
    let run = tokio::spawn(drive(input));
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    first.shutdown().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let second = mock(&world, |options| options.listen = address).await;
    let summary = summary(&run.await.expect("a run without a panic").expect("a run"));
    second.shutdown().await;
    let step = &summary.steps[0];
    assert_eq!(step.calls(), 80, "{:?}", step.codes);
    assert!(step.count(LoadClass::Failed) >= 15 && step.codes.contains_key("no connection"), "{:?}", step.codes);
    let good: Vec<bool> = summary.seconds.iter().map(|second| second.steps[0].ok > 0).collect();
    assert!(good[0] && good[3] && !summary.is_partial(), "{good:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_warm_up_did_not_send_is_no_drop_of_the_run() {
    let world = world();
    let mut target = world.target.clone();
    let silent = server(b"").await;
    target.endpoints.values_mut().for_each(|one| *one = format!("http://{silent}"));
    let profile = format!(
        "{INIT}arrivals: {{ model: constant, rate: 20 }}\nduration: 1s\nwarm_up: 1s\ntimeout: 200ms\n\
         connections: {{ at_most: 1 }}\n"
    );
    let summary = summary(&drive(world.input_at(target, &profile)).await.expect("a run"));
    let totals = &summary.totals;
    let sent = summary.steps[0].calls();
    assert!(totals.warm_up_dropped > 0 && totals.dropped > 0, "{totals:?}");
    assert_eq!((totals.warm_up_dropped + totals.warm_up_calls, totals.dropped + sent), (20, 20), "{totals:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_answered_before_it_was_asked_is_not_used_again() {
    use tokio::io::AsyncWriteExt as _;
    let world = world();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    // Says its answer as soon as somebody connects, and once more.
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            let _ = stream.write_all(&reply.repeat(2)).await;
            kept.push(stream);
        }
    });
    let mut target = world.target.clone();
    target.endpoints.values_mut().for_each(|one| *one = format!("http://{address}"));
    let profile = format!("{INIT}arrivals: {{ model: constant, rate: 20 }}\ncount: 5\ntimeout: 500ms\n");
    let summary = summary(&drive(world.input_at(target, &profile)).await.expect("a run"));
    // Whatever came unasked, no call took it for its answer.
    assert_eq!(summary.steps[0].count(LoadClass::Ok), 0, "{:?}", summary.steps[0].codes);
    assert!(summary.totals.connections > 1, "{:?}", summary.totals);
}
