"""Blocks of public models as PyTorch exports them, each with what makes it unlike the others."""
import torch
import torch.nn as nn

from onnx import TensorProto, helper

from recording import export, graph


class ALiBi(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)
        self.o = nn.Linear(16, 16)

    def forward(self, x, mask):
        B, T, _ = x.shape
        f = self.qkv(x).view(B, T, 4, 3, 4)
        q, k, v = f[..., 0, :], f[..., 1, :], f[..., 2, :]
        q = q.transpose(1, 2).reshape(B*4, T, 4)
        k = k.permute(0, 2, 3, 1).reshape(B*4, 4, T)
        v = v.transpose(1, 2).reshape(B*4, T, 4)
        slopes = torch.tensor([.5, .25, .125, .0625])
        al = slopes[None, :, None]*((mask.cumsum(-1)-1)*mask)[:, None, :]
        al = al.reshape(B*4, 1, T).to(x.dtype)
        sc = al.baddbmm(q, k, beta=1.0, alpha=0.5).view(B, 4, T, T)
        m = torch.ones(T, T, dtype=torch.bool).triu(1)[None, None]|(mask[:, None, None, :]==0)
        w = torch.softmax(torch.masked_fill(sc, m, -1e9), -1)
        return self.o(torch.bmm(w.view(B*4, T, T), v).view(B, 4, T, 4).transpose(1, 2).reshape(B, T, 16))


@graph
def bloom_slopes_added_by_baddbmm():
    return export(ALiBi(), (torch.randn(2, 5, 16), torch.ones(2, 5, dtype=torch.long)), ['x', 'mask'], axes={'x': {0: 'batch', 1: 'seq'}, 'mask': {0: 'batch', 1: 'seq'}})


class Qwen(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(16, 32, bias=False)
        self.k = nn.Linear(16, 16, bias=False)
        self.v = nn.Linear(16, 16, bias=False)
        self.o = nn.Linear(32, 16, bias=False)
        self.qn = nn.LayerNorm(8)
        self.kn = nn.LayerNorm(8)

    def rot(self, x, c, n): 
        a, b = x[..., :4], x[..., 4:]
        return x*c+torch.cat((-b, a), -1)*n

    def forward(self, x, pos, pk, pv):
        B, T, _ = x.shape
        q = self.qn(self.q(x).view(B, T, 4, 8)).transpose(1, 2)
        k = self.kn(self.k(x).view(B, T, 2, 8)).transpose(1, 2)
        v = self.v(x).view(B, T, 2, 8).transpose(1, 2)
        inv = 1/10000**(torch.arange(0, 8, 2).float()/8)
        f = (inv[None, :, None].expand(B, -1, 1)@pos[:, None, :].float()).transpose(1, 2)
        e = torch.cat((f, f), -1)
        c, n = e.cos()[:, None], e.sin()[:, None]
        q, k = self.rot(q, c, n), self.rot(k, c, n)
        k = torch.cat((pk, k), 2)
        v = torch.cat((pv, v), 2)
        S = k.shape[2]
        kr = k[:, :, None].expand(B, 2, 2, S, 8).reshape(B, 4, S, 8)
        vr = v[:, :, None].expand(B, 2, 2, S, 8).reshape(B, 4, S, 8)
        m = torch.full((T, S), -3e38).triu(1)*(torch.arange(S)>pos[0][:, None])
        w = torch.softmax(q@kr.transpose(2, 3)*8**-.5+m[None, None, :, :S], -1, dtype=torch.float32)
        return self.o((w@vr).transpose(1, 2).reshape(B, T, -1)), k, v


@graph
def qwen_with_norms_of_heads_and_past():
    return export(Qwen(), (torch.randn(1, 5, 16), torch.arange(5)[None], torch.randn(1, 2, 3, 8), torch.randn(1, 2, 3, 8)), ['x', 'pos', 'pk', 'pv'], ['o', 'k', 'v'], axes={'x': {0: 'batch', 1: 'seq'}, 'pos': {0: 'batch', 1: 'seq'}, 'pk': {0: 'batch', 2: 'past'}, 'pv': {0: 'batch', 2: 'past'}})


class T5(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(16, 16, bias=False)
        self.k = nn.Linear(16, 16, bias=False)
        self.v = nn.Linear(16, 16, bias=False)
        self.b = nn.Embedding(32, 4)

    def forward(self, x, enc, mask):
        B, T, _ = x.shape
        sh = lambda t: t.view(B, -1, 4, 4).transpose(1, 2)
        q, k, v = sh(self.q(x)), sh(self.k(enc)), sh(self.v(enc))
        sc = torch.matmul(q, k.transpose(3, 2))
        sc = sc+torch.zeros(1, 4, T, enc.shape[1])+((1-mask[:, None, None, :].float())*-1e9)
        return torch.matmul(torch.softmax(sc.float(), -1).type_as(sc), v).transpose(1, 2).contiguous().view(B, -1, 16)


@graph
def t5_cross_with_zero_bias():
    return export(T5(), (torch.randn(2, 3, 16), torch.randn(2, 5, 16), torch.ones(2, 5)), ['x', 'enc', 'mask'], axes={'x': {0: 'batch', 1: 'seq'}, 'enc': {0: 'batch', 1: 'src'}, 'mask': {0: 'batch', 1: 'src'}})


class Swin(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)
        self.t = nn.Parameter(torch.randn(9, 4))
        self.i = torch.randint(0, 9, (16, 16))
        self.ls = nn.Parameter(torch.ones(4, 1, 1))
        self.m = torch.randn(4, 16, 16)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        a = nn.functional.normalize(q, dim=-1)@nn.functional.normalize(k, dim=-1).transpose(-2, -1)
        a = a*torch.clamp(self.ls, max=4.6).exp()
        a = a+self.t[self.i.view(-1)].view(16, 16, 4).permute(2, 0, 1)[None]
        a = a.view(B//4, 4, 4, N, N)+self.m[None, :, None]
        a = a.view(-1, 4, N, N)
        return (a.softmax(-1)@v).transpose(1, 2).reshape(B, N, C)


@graph
def swin_shifted_windows_by_cosine():
    return export(Swin(), (torch.randn(8, 16, 16), ), ['x'])


class YoloPSA(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Conv2d(16, 32, 1)
        self.pe = nn.Conv2d(16, 16, 3, 1, 1, groups=16)
        self.p = nn.Conv2d(16, 16, 1)

    def forward(self, x):
        B, C, H, W = x.shape
        N = H*W
        q, k, v = self.qkv(x).view(B, 2, 16, N).split([4, 4, 8], 2)
        a = (q.transpose(-2, -1)@k)*.5
        a = a.softmax(-1)
        y = (v@a.transpose(-2, -1)).view(B, C, H, W)+self.pe(v.reshape(B, C, H, W))
        return self.p(y)


@graph
def yolo_position_sensitive_attention():
    return export(YoloPSA(), (torch.randn(1, 16, 4, 4), ), ['x'])


class SAM(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)
        self.rh = nn.Parameter(torch.randn(7, 8))
        self.rw = nn.Parameter(torch.randn(7, 8))

    def forward(self, x):
        B, H, W, _ = x.shape
        qkv = self.qkv(x).reshape(B, H*W, 3, 2, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, B*2, H*W, -1).unbind(0)
        a = (q*8**-.5)@k.transpose(-2, -1)
        i = (torch.arange(4)[:, None]-torch.arange(4)[None]+3)
        r = q.reshape(B*2, 4, 4, 8)
        a = (a.view(B*2, 4, 4, 4, 4)+torch.einsum('bhwc, hkc->bhwk', r, self.rh[i])[..., :, None]+torch.einsum('bhwc, wkc->bhwk', r, self.rw[i])[..., None, :]).view(B*2, 16, 16)
        return (a.softmax(-1)@v).view(B, 2, 4, 4, -1).permute(0, 2, 3, 1, 4).reshape(B, 4, 4, -1)


@graph
def segment_anything_relative_positions():
    return export(SAM(), (torch.randn(2, 4, 4, 16), ), ['x'])


class Disentangled(nn.Module):
    """DeBERTa's first: a position table whose axis of one is dropped under an `If`, since its size is not known to the exporter."""

    def __init__(self, reach=4):
        super().__init__()
        self.reach = reach
        self.in_proj = nn.Linear(16, 48, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.randn(16) * 0.1), nn.Parameter(torch.randn(16) * 0.1)
        self.positions = nn.Parameter(torch.randn(2 * reach, 16) * 0.1)
        self.pos_proj = nn.Linear(16, 16, bias=False)

    def forward(self, x, mask):
        B, T, _ = x.shape
        packed = self.in_proj(x).view(B, T, 4, 12).transpose(1, 2)
        q, k, v = packed.chunk(3, dim=-1)
        q = (q + self.q_bias.view(1, 4, 1, 4)) / (4 * 3) ** 0.5
        v = v + self.v_bias.view(1, 4, 1, 4)
        apart = (torch.arange(T)[:, None] - torch.arange(T)[None, :]).clamp(-self.reach + 1, self.reach - 1)[None]
        keys = self.pos_proj(self.positions[None]).view(1, -1, 4, 4).transpose(1, 2)
        scores = q @ keys.transpose(-1, -2)
        scores = torch.gather(scores, -1, (apart + self.reach).expand(B, 4, T, T))
        scores = q @ k.transpose(-1, -2) + scores[None].squeeze(0)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, torch.finfo(torch.float32).min)
        return (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, 16)


@graph
def positions_squeezed_under_a_choice():
    axes = {'x': {0: 'batch', 1: 'seq'}, 'mask': {0: 'batch', 1: 'seq'}}
    model = export(Disentangled(), (torch.randn(2, 5, 16), torch.ones(2, 5, dtype=torch.long)), ['x', 'mask'], axes=axes)
    at, squeeze = [(at, node) for at, node in enumerate(model.graph.node) if node.op_type == 'Squeeze'][-1]
    (data, *given), (result,) = squeeze.input, squeeze.output
    # as newer versions of PyTorch write it where they have lost the size
    info = helper.make_tensor_value_info
    dropped = helper.make_node('Squeeze', [data, *given], ['dropped'])
    kept = helper.make_node('Identity', [data], ['kept'])
    branches = {
        'then_branch': helper.make_graph([dropped], 'drop', [], [info('dropped', TensorProto.FLOAT, None)]),
        'else_branch': helper.make_graph([kept], 'keep', [], [info('kept', TensorProto.FLOAT, None)]),
    }
    size = helper.make_node('Gather', ['sizes', 'first'], ['size'])
    made = [helper.make_node('Shape', [data], ['sizes']), size, helper.make_node('Equal', ['size', 'one'], ['is one'])]
    choice = helper.make_node('If', ['is one'], [result], **branches)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:at], *made, choice, *nodes[at + 1:]])
    numbers = {'first': 0, 'one': 1}
    model.graph.initializer.extend(helper.make_tensor(name, TensorProto.INT64, [], [value]) for name, value in numbers.items())
    return model


class RepeatedBeforeRotated(nn.Module):
    """Falcon's new decoder: keys are repeated for their queries as they are unpacked, and rotated after that."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 2 * 4 * 4)

    def forward(self, x, cos, sin):
        B, T, _ = x.shape
        packed = self.qkv(x).view(B, T, 2, 4, 4)
        q, k, v = packed[:, :, :, :-2], packed[:, :, :, [-2]], packed[:, :, :, [-1]]
        k, v = k.expand(B, T, 2, 2, 4), v.expand(B, T, 2, 2, 4)
        q, k, v = (each.flatten(2, 3).transpose(1, 2) for each in (q, k, v))
        turn = lambda y: y * cos + torch.cat((-y[..., 2:], y[..., :2]), -1) * sin
        scores = turn(q) @ turn(k).transpose(-1, -2) * 0.5
        scores = scores + torch.full((T, T), -1e9).triu(1)
        return (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, 16)


@graph
def keys_repeated_before_they_are_rotated():
    axes = {'x': {0: 'batch', 1: 'seq'}, 'cos': {0: 'seq'}, 'sin': {0: 'seq'}}
    return export(RepeatedBeforeRotated(), (torch.randn(2, 5, 16), torch.randn(5, 4), torch.randn(5, 4)), ['x', 'cos', 'sin'], axes=axes)
