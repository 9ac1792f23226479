"""One training step of the DCGAN, as PyTorch's `dcgan` example has it; by one process, and by two of
DistributedDataParallel over gloo."""

import os
import socket
import subprocess
import sys

import torch
import torch.distributed as dist
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel

LATENT, FEATURES, CHANNELS, SIZE, BATCH = 100, 64, 3, 64, 64


def weights_init(module):
    name = module.__class__.__name__
    if "Conv" in name:
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif "BatchNorm" in name:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            nn.ConvTranspose2d(LATENT, 8 * f, 4, 1, 0, bias=False),
            nn.BatchNorm2d(8 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(8 * f, 4 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(4 * f, 2 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * f),
            nn.ReLU(True),
            nn.ConvTranspose2d(2 * f, f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(f),
            nn.ReLU(True),
            nn.ConvTranspose2d(f, CHANNELS, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, latent):
        return self.net(latent)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        f = FEATURES
        self.net = nn.Sequential(
            nn.Conv2d(CHANNELS, f, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(f, 2 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * f, 4 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(4 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * f, 8 * f, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * f, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, images):
        return self.net(images).view(-1)


class Step:
    """`real` [64, 3, 64, 64], signed, and `latent` [64, 100], the same in every step."""

    def __init__(self, compiled):
        generator, discriminator = Generator().apply(weights_init), Discriminator().apply(weights_init)
        self.states = {"generator": generator.state_dict(), "discriminator": discriminator.state_dict()}
        self.generator, self.discriminator = compiled(generator), compiled(discriminator)
        self.optimizer_d = optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizer_g = optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.criterion = nn.BCELoss()
        self.real = torch.rand(BATCH, CHANNELS, SIZE, SIZE) * 2 - 1
        self.latent = torch.randn(BATCH, LATENT)

    def tensors(self):
        tensors = {"real": self.real, "latent": self.latent}
        for network, state in self.states.items():
            tensors |= {f"{network}.{name}": tensor for name, tensor in state.items()}
        return tensors

    def run(self):
        count = len(self.real)
        # D: maximise log D(x) + log(1 - D(G(z)))
        self.discriminator.zero_grad()
        label = torch.full((count,), 1.0)
        output = self.discriminator(self.real)
        loss_real = self.criterion(output, label)
        loss_real.backward()
        fake = self.generator(self.latent.view(count, LATENT, 1, 1))
        label.fill_(0.0)
        output = self.discriminator(fake.detach())
        loss_fake = self.criterion(output, label)
        loss_fake.backward()
        self.optimizer_d.step()

        # G: maximise log D(G(z))
        self.generator.zero_grad()
        label.fill_(1.0)
        output = self.discriminator(fake)
        loss_g = self.criterion(output, label)
        loss_g.backward()
        self.optimizer_g.step()
        return loss_real + loss_fake, loss_g

    def check(self):
        outputs = {}
        for step in (1, 2):
            loss_d, loss_g = self.run()
            outputs[f"discriminator_loss.{step}"] = loss_d.item()
            outputs[f"generator_loss.{step}"] = loss_g.item()
        return outputs


class TwoProcesses(Step):
    """The same of two processes, each with every other sample and half of the threads."""

    def __init__(self, compiled):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.all_threads = torch.get_num_threads()
        torch.set_num_threads(max(self.all_threads // 2, 1))
        compile = "1" if compiled is torch.compile else ""
        command = [sys.executable, __file__, str(port), str(torch.get_num_threads()), compile]
        self.second = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=2)
        super().__init__(lambda network: network)
        self.share(0, port, compiled)

    def share(self, rank, port, compiled):
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
        self.all = {"real": self.real, "latent": self.latent}
        for tensor in self.all.values():
            dist.broadcast(tensor, 0)
        self.real, self.latent = (tensor[rank::2].contiguous() for tensor in self.all.values())
        self.generator = compiled(DistributedDataParallel(self.generator))
        self.discriminator = compiled(DistributedDataParallel(self.discriminator))

    def tensors(self):
        return super().tensors() | self.all

    def run(self):
        self.second.stdin.write(b"1")
        self.second.stdin.flush()
        return super().run()

    def __del__(self):
        self.second.stdin.close()
        self.second.wait()
        dist.destroy_process_group()
        torch.set_num_threads(self.all_threads)


class Second(TwoProcesses):
    """The second process: a step for every byte that comes."""

    def __init__(self, port, compiled):
        Step.__init__(self, lambda network: network)
        self.share(1, port, compiled)

    def run(self):
        return Step.run(self)

    def __del__(self):
        pass


ROWS = {"dcgan_step_64px_b64": Step, "dcgan_step_2_processes": TwoProcesses}

if __name__ == "__main__":
    port, threads, compile = sys.argv[1:]
    torch.set_num_threads(int(threads))
    second = Second(int(port), torch.compile if compile else lambda network: network)
    while sys.stdin.buffer.read(1):
        second.run()
