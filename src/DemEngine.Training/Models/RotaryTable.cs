using DemEngine.Evaluation.Language;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// Rotary position embedding (Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding",
/// https://arxiv.org/abs/2104.09864, section 3.2.2) in the order in which Hugging Face stores heads: element i is rotated
/// together with element i + d/2, by position · θ^(−2i/d). With the halves exchanged, y = x · cos + exchanged(x) · sin, where the
/// sine is negative for the first half.
/// </summary>
/// <param name="headSize">Head size d, even.</param>
/// <param name="theta">Base of the frequencies, θ.</param>
/// <param name="scaling">Change of the frequencies; null for none.</param>
/// <param name="type">Element type of the tables.</param>
/// <param name="device">Device of the tables.</param>
internal sealed class RotaryTable(
    int headSize, double theta, RotaryScaling? scaling, ScalarType type, Device device) : IDisposable
{
    private Tensor? _cosines;
    private Tensor? _sines;

    /// <summary>Rotates heads.</summary>
    /// <param name="heads">Heads [..., positions, head size]; the first position is 0.</param>
    public Tensor Rotate(Tensor heads)
    {
        long positions = heads.shape[^2];
        if (_cosines is null || _cosines.shape[0] < positions)
            Grow(positions);
        return (heads * _cosines!.narrow(0, 0, positions))
            .addcmul(heads.roll(headSize / 2, -1), _sines!.narrow(0, 0, positions), 1);
    }

    /// <summary>Rotates heads whose positions are given.</summary>
    /// <param name="heads">Heads [..., rows, positions, head size].</param>
    /// <param name="positions">Position of each, [rows, positions], int64, less than the number of positions of a row.</param>
    public Tensor Rotate(Tensor heads, Tensor positions)
    {
        long length = heads.shape[^2];
        if (_cosines is null || _cosines.shape[0] < length)
            Grow(length);
        Tensor flat = positions.view(-1);
        Tensor cosines = _cosines!.index_select(0, flat).view(positions.shape[0], length, headSize);
        Tensor sines = _sines!.index_select(0, flat).view(positions.shape[0], length, headSize);
        return (heads * cosines).addcmul(heads.roll(headSize / 2, -1), sines, 1);
    }

    public void Dispose()
    {
        _cosines?.Dispose();
        _sines?.Dispose();
    }

    private void Grow(long positions)
    {
        Dispose();
        int half = headSize / 2;
        float[] cosines = new float[positions * headSize];
        float[] sines = new float[positions * headSize];
        for (int i = 0; i < half; i++)
        {
            double frequency = Math.Pow(theta, -2.0 * i / headSize);
            frequency = scaling?.Of(frequency) ?? frequency;
            for (int position = 0; position < positions; position++)
            {
                int at = (position * headSize) + i;
                (double sine, double cosine) = Math.SinCos(position * frequency);
                cosines[at] = cosines[at + half] = (float)cosine;
                sines[at] = -(float)sine;
                sines[at + half] = (float)sine;
            }
        }

        _cosines = tensor(cosines, [positions, headSize], type, device).DetachFromDisposeScope();
        _sines = tensor(sines, [positions, headSize], type, device).DetachFromDisposeScope();
    }
}
