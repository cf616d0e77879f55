"""The PyTorch side of `npm run bench -- gpu --torch`.

Takes the cases as JSON in the first argument, prints one JSON object: status, detail (version and device) and steps per
second for each case. Same layers, batch, optimizer (SGD) and data on the device as the other side; channels come first,
as PyTorch likes them. Losses stay on the device and are waited for once, at the end.
"""

import json
import sys
import time


def build(torch, model):
    nn = torch.nn
    shape = model["input"]
    layers = []
    for layer in model["layers"]:
        kind = layer["type"]
        if kind == "dense":
            layers.append(nn.Linear(shape[0], layer["units"]))
            shape = [layer["units"]]
        elif kind == "conv2d":
            layers.append(nn.Conv2d(shape[2], layer["filters"], layer["kernel"], padding="same"))
            shape = [shape[0], shape[1], layer["filters"]]
        elif kind == "maxPool2d":
            layers.append(nn.MaxPool2d(layer["size"]))
            shape = [shape[0] // layer["size"], shape[1] // layer["size"], shape[2]]
        elif kind == "flatten":
            layers.append(nn.Flatten())
            size = 1
            for extent in shape:
                size *= extent
            shape = [size]
        if layer.get("activation") == "relu":
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def measure(torch, device, case, samples, rate, seconds):
    torch.manual_seed(1)
    model = build(torch, case["model"]).to(device)
    height, width, channels = case["model"]["input"]
    x = (torch.rand(samples, channels, height, width) * (torch.rand(samples, 1, height, width) < 0.19)).to(device)
    y = torch.randint(0, 10, (samples,)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    batch = case["batchSize"]

    def wait():
        if device.type == "cuda":
            torch.cuda.synchronize()

    def steps(count):
        for _ in range(count):
            rows = torch.randint(0, samples, (batch,), device=device)
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        wait()

    steps(20)
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        steps(20)
        done += 20
    return done / (time.perf_counter() - start)


def main():
    request = json.loads(sys.argv[1])
    try:
        import torch
    except ImportError as error:
        print(json.dumps({"status": "absent", "detail": str(error), "stepsPerSecond": []}))
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name(0) if device.type == "cuda" else "CPU"
    speeds = [
        measure(torch, device, case, request["samples"], request["rate"], request["seconds"])
        for case in request["cases"]
    ]
    print(json.dumps({"status": "ok", "detail": f"torch {torch.__version__}, {name}", "stepsPerSecond": speeds}))


main()
