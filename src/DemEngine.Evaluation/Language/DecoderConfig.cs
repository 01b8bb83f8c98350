using DemEngine.Checkpoints;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// A decoder that differs from Llama in little: Mistral, Qwen2 or Qwen3. Only hidden states of prompts are computed with these.
/// </summary>
/// <param name="Sizes">Shape and constants.</param>
/// <param name="HasBiases">Whether queries, keys and values have biases, as in Qwen2.</param>
/// <param name="HasHeadNorms">Whether each head of queries and keys is normalised, as in Qwen3.</param>
/// <param name="Window">Number of tokens that attention sees back at most; null if it sees all.</param>
/// <param name="Scaling">Change of the rotary frequencies; null for none.</param>
internal sealed record DecoderConfig(LlamaConfig Sizes, bool HasBiases, bool HasHeadNorms, int? Window, RotaryScaling? Scaling)
{
    /// <summary>The weights that hidden states are computed from: all but the last norm and the output matrix.</summary>
    public IEnumerable<LlamaTensor> Tensors
    {
        get
        {
            static LlamaTensor Vector(string name, int length) => new(name, new TensorShape(length));

            foreach (LlamaTensor tensor in LlamaTensors.Of(Sizes))
            {
                if (tensor.Name is not (LlamaTensors.Norm or LlamaTensors.Head))
                    yield return tensor;
            }

            for (int layer = 0; layer < Sizes.Layers; layer++)
            {
                if (HasBiases)
                {
                    yield return Vector(BiasOf(LlamaTensors.Query(layer)), Sizes.QueryRows);
                    yield return Vector(BiasOf(LlamaTensors.Key(layer)), Sizes.KeyValueRows);
                    yield return Vector(BiasOf(LlamaTensors.Value(layer)), Sizes.KeyValueRows);
                }

                if (HasHeadNorms)
                {
                    yield return Vector(QueryNorm(layer), Sizes.HeadSize);
                    yield return Vector(KeyNorm(layer), Sizes.HeadSize);
                }
            }
        }
    }

    /// <summary>Name of the bias that goes with a matrix.</summary>
    public static string BiasOf(string matrix) => matrix.Replace(".weight", ".bias", StringComparison.Ordinal);

    /// <summary>Name of the weights with which each head of a layer's queries is normalised.</summary>
    public static string QueryNorm(int layer) => $"model.layers.{layer}.self_attn.q_norm.weight";

    /// <summary>Name of the weights with which each head of a layer's keys is normalised.</summary>
    public static string KeyNorm(int layer) => $"model.layers.{layer}.self_attn.k_norm.weight";
}
