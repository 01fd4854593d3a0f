"""Graphs in which nothing attends, though products of two tensors, messages, rotations or filters made on the way stand in them."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph
from without import Calls, IMAGE, X, linear
from without_memory import weight, with_weights


@graph
def no_bilinear_pooling():
    def forward(m, image):
        a, b = m.a(image).flatten(2), m.b(image).flatten(2)
        pooled = torch.bmm(a, b.transpose(1, 2)) / a.shape[-1]
        pooled = pooled.flatten(1)
        return m.head(F.normalize(torch.sign(pooled) * (pooled.abs() + 1e-5).sqrt()))

    return export(Calls(forward, a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 5, 1), head=linear(20, 3)), (IMAGE,), ['image'])


@graph
def no_covariance_root():
    """Second-order pooling with Newton's iteration: products of products of one matrix."""
    def forward(m, image):
        x = m.conv(image).flatten(2)
        x = x - x.mean(-1, keepdim=True)
        a = torch.bmm(x, x.transpose(1, 2)) / x.shape[-1]
        a = a / a.sum((1, 2), keepdim=True)
        y, z, eye = a, torch.eye(4).expand(x.shape[0], 4, 4), torch.eye(4)
        for _ in range(2):
            t = 0.5 * (3 * eye - torch.bmm(z, y))
            y, z = torch.bmm(y, t), torch.bmm(t, z)
        return m.head(y.flatten(1))

    return export(Calls(forward, conv=nn.Conv2d(3, 4, 1), head=linear(16, 3)), (IMAGE,), ['image'])


@graph
def no_body_model():
    """A chain of rotations made from angles, each after its parent's, then points moved by their mean."""
    def forward(m, x):
        angles = m.pose(x.mean(1)).view(-1, 4, 3)
        size = angles.norm(dim=-1, keepdim=True)[..., None] + 1e-8
        axis = angles / size[..., 0]
        rx, ry, rz = axis.unbind(-1)
        zero = torch.zeros_like(rx)
        k = torch.stack([zero, -rz, ry, rz, zero, -rx, -ry, rx, zero], dim=-1).view(-1, 4, 3, 3)
        turns = torch.eye(3) + size.sin() * k + (1 - size.cos()) * torch.matmul(k, k)
        chain = [turns[:, 0]]
        for joint in range(1, 4):
            chain.append(torch.matmul(chain[joint - 1], turns[:, joint]))
        moved = torch.matmul(m.weights.softmax(-1), torch.stack(chain, 1).flatten(2)).view(-1, 6, 3, 3)
        return torch.matmul(moved, m.points[None, :, :, None])[..., 0]

    model = Calls(forward, pose=linear(8, 12))
    model.weights, model.points = weight(6, 4), weight(6, 3)
    return export(model, (X,), ['x'])


@graph
def no_cameras():
    """Points through a rotation, a camera and a homography that the network predicts."""
    def forward(m, x):
        one = x.mean(1)
        turn, camera, plane = (head(one).view(-1, 3, 3) for head in (m.turn, m.camera, m.plane))
        points = m.points(x).transpose(1, 2)
        seen = torch.bmm(plane, torch.bmm(camera, torch.bmm(turn, points)))
        return (seen / (seen[:, 2:] + 1e-3)).transpose(1, 2)

    return export(Calls(forward, turn=linear(8, 9), camera=linear(8, 9), plane=linear(8, 9), points=linear(8, 3)), (X,), ['x'])


@graph
def no_generated_adapter():
    """A network of low rank whose two matrices another input makes."""
    def forward(m, x, task):
        down, up = m.down(task).view(-1, 8, 3), m.up(task).view(-1, 3, 8)
        return x + torch.bmm(torch.bmm(m.inner(x), down), up)

    return export(Calls(forward, down=linear(6, 24), up=linear(6, 24), inner=linear(8, 8)), (X, torch.randn(2, 6)), ['x', 'task'])


@graph
def no_adapter():
    def forward(m, x):
        return F.linear(x, m.w) + torch.matmul(torch.matmul(x, m.a), m.b) * 2

    return export(with_weights(forward, w=weight(8, 8), a=weight(8, 2), b=weight(2, 8)), (X,), ['x'])


@graph
def no_correlation_volume():
    """Optical flow: all pairs of pixels compared, pooled and read by a convolution."""
    def forward(m, first, second):
        a, b = m.encode(first), m.encode(second)
        n, c, h, w = a.shape
        volume = torch.matmul(a.flatten(2).transpose(1, 2), b.flatten(2)) / c ** 0.5
        volume = F.avg_pool2d(volume.view(n * h * w, 1, h, w), 2)
        return m.head(volume.view(n, h, w, -1).permute(0, 3, 1, 2))

    model = Calls(forward, encode=nn.Conv2d(3, 4, 3, stride=2, padding=1), head=nn.Conv2d(4, 2, 3, padding=1))
    return export(model, (IMAGE, IMAGE), ['first', 'second'])


@graph
def no_cost_of_depths():
    """A distribution over disparities, times the disparities."""
    def forward(m, left, right):
        a, b = m.encode(left), m.encode(right)
        costs = torch.stack([(a * F.pad(b, (d, 0))[..., : b.shape[-1]]).mean(1) for d in range(3)], 1)
        return (m.head(costs).softmax(1) * torch.arange(3.0).view(1, 3, 1, 1)).sum(1)

    return export(Calls(forward, encode=nn.Conv2d(3, 4, 3, padding=1), head=nn.Conv2d(3, 3, 3, padding=1)), (IMAGE, IMAGE), ['left', 'right'])


@graph
def no_masks_from_prototypes():
    """YOLACT: coefficients of each box times prototypes."""
    def forward(m, image):
        prototypes = m.prototypes(image).flatten(2)
        coefficients = torch.tanh(m.coefficients(image).flatten(2)).transpose(1, 2)
        return torch.sigmoid(torch.matmul(coefficients, prototypes)).view(image.shape[0], -1, *image.shape[2:])

    return export(Calls(forward, prototypes=nn.Conv2d(3, 4, 1), coefficients=nn.Conv2d(3, 4, 3, stride=4)), (IMAGE,), ['image'])


@graph
def no_graph_of_given_edges():
    """Messages along an adjacency matrix that is normalised by its degrees."""
    def forward(m, x, edges):
        a = edges + torch.eye(5)
        d = a.sum(-1).pow(-0.5)
        a = d[:, :, None] * a * d[:, None, :]
        return m.b(torch.bmm(a, F.relu(m.a(torch.bmm(a, x)))))

    return export(Calls(forward, a=linear(8, 8), b=linear(8, 3)), (X, torch.rand(2, 5, 5).round()), ['x', 'edges'])


@graph
def no_graph_of_learned_nodes():
    """An adjacency matrix from learned embeddings of the nodes: weights alone."""
    def forward(m, x):
        a = F.relu(m.e1 @ m.e2).softmax(-1)
        return m.b(torch.matmul(a, F.relu(m.a(torch.matmul(a, x)))))

    model = Calls(forward, a=linear(8, 8), b=linear(8, 3))
    model.e1, model.e2 = weight(5, 3), weight(3, 5)
    return export(model, (X,), ['x'])


@graph
def no_scattered_messages():
    """Messages gathered along edges and added at their ends."""
    def forward(m, x, source, target):
        messages = m.message(torch.cat([x[source], x[target]], -1))
        zero = torch.zeros(x.shape[0], 4)
        return m.update(torch.cat([x, zero.scatter_add(0, target[:, None].expand(-1, 4), messages)], -1))

    nodes = torch.tensor([0, 1, 2, 3])
    return export(Calls(forward, message=linear(16, 4), update=linear(12, 3)), (torch.randn(5, 8), nodes, nodes.flip(0)), ['x', 'source', 'target'], opset=16)


@graph
def no_flow_of_coupling_layers():
    """RealNVP with an invertible matrix between its layers."""
    def forward(m, x):
        total = 0
        for layer in (m.a, m.b):
            x = torch.matmul(x, m.lower.tril() @ m.upper.triu())
            left, right = x.chunk(2, dim=-1)
            scale, shift = layer(left).chunk(2, dim=-1)
            x = torch.cat([left, right * torch.exp(torch.tanh(scale)) + shift], -1)
            total = total + torch.tanh(scale).sum(-1)
        return x, total

    model = Calls(forward, a=linear(4, 8), b=linear(4, 8))
    model.lower, model.upper = weight(8, 8), weight(8, 8)
    return export(model, (X,), ['x'], outputs=('z', 'log_det'))


@graph
def no_super_resolution():
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(), nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2))
    return export(model, (IMAGE,), ['image'])


@graph
def no_large_kernels():
    """A stack of strip filters weighs the channels of what it was made from (VAN, SegNeXt)."""
    def forward(m, image):
        u = F.gelu(m.first(image))
        near = m.near(u)
        wide = m.mix(near + m.down(m.across(near)))
        return m.last(wide * u)

    model = Calls(
        forward, first=nn.Conv2d(3, 8, 1), near=nn.Conv2d(8, 8, 5, padding=2, groups=8), across=nn.Conv2d(8, 8, (1, 7), padding=(0, 3), groups=8),
        down=nn.Conv2d(8, 8, (7, 1), padding=(3, 0), groups=8), mix=nn.Conv2d(8, 8, 1), last=nn.Conv2d(8, 3, 1),
    )
    return export(model, (IMAGE,), ['image'])


@graph
def no_strip_filters_that_gate():
    """Horizontal filters channel by channel times the picture they were made from."""
    def forward(m, image):
        u = m.first(image)
        return m.across(u) * u

    return export(Calls(forward, first=nn.Conv2d(3, 8, 1), across=nn.Conv2d(8, 8, (1, 7), padding=(0, 3), groups=8)), (IMAGE,), ['image'])


@graph
def no_experts_sparse():
    """The best two of four experts by gathered weights."""
    def forward(m, x):
        weights, chosen = m.router(x).softmax(-1).topk(2, dim=-1)
        up, down = m.up[chosen], m.down[chosen]
        hidden = F.silu(torch.einsum('btd,btkdf->btkf', x, up))
        return torch.einsum('btkf,btkfd,btk->btd', hidden, down, weights)

    model = Calls(forward, router=linear(8, 4))
    model.up, model.down = weight(4, 8, 6), weight(4, 6, 8)
    return export(model, (X,), ['x'])


@graph
def no_factorisation_machine():
    """Half the square of a sum minus the sum of squares."""
    def forward(m, ids):
        e = m.table(ids)
        return (0.5 * (e.sum(1) ** 2 - (e ** 2).sum(1)) + m.inner(e).sum(1)).sigmoid()

    return export(Calls(forward, table=nn.Embedding(20, 8), inner=linear(8, 8)), (torch.randint(0, 20, (2, 5)),), ['ids'])


@graph
def no_interaction_of_features():
    """DLRM: dot products of all pairs of embeddings, joined to what they were made from."""
    def forward(m, x):
        e = m.inner(x)
        pairs = torch.bmm(e, e.transpose(1, 2))
        return m.head(torch.cat([e.flatten(1), pairs.flatten(1)], 1)).sigmoid()

    return export(Calls(forward, inner=linear(8, 4), head=linear(45, 1)), (X,), ['x'])


@graph
def no_spectral_layer():
    """A Fourier transform written as products with fixed matrices, a filter for each frequency, and back."""
    def forward(m, x):
        real, imaginary = torch.matmul(m.cos, x), torch.matmul(m.sin, x)
        a, b = real * m.a - imaginary * m.b, real * m.b + imaginary * m.a
        return torch.matmul(m.cos.t(), a) + torch.matmul(m.sin.t(), b)

    return export(with_weights(forward, cos=weight(3, 5), sin=weight(3, 5), a=weight(3, 8), b=weight(3, 8)), (X,), ['x'])


@graph
def no_style_modulation():
    """StyleGAN: a filter scaled by a style and divided by its own size, as grouped convolution."""
    def forward(m, image, style):
        s = m.affine(style)
        w = m.filter[None] * s[:, None, :, None, None]
        w = w * (w.pow(2).sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        return F.conv2d(image.reshape(1, -1, 8, 8), w.reshape(-1, 3, 3, 3), padding=1, groups=2).view(2, -1, 8, 8)

    model = Calls(forward, affine=linear(6, 3))
    model.filter = weight(4, 3, 3, 3)
    return export(model, (IMAGE, torch.randn(2, 6)), ['image', 'style'])
