using System.Text.RegularExpressions;
using DemEngine.Checkpoints.Layers;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Names are read part by part as these expressions read them.</summary>
public sealed class LayerNameTests
{
    private static readonly Regex Layer = new(@"^(?<stack>(.*?\.)??(layers?|h|blocks?))\.(?<number>[0-9]+)\.", RegexOptions.ExplicitCapture);

    private static readonly string[] Parts =
    [
        "model", "layers", "layer", "h", "blocks", "block", "3", "12", "x4", "", "99999999999", "embed", "pos_embed", "embed-in", "embed_tokens", "wte", "shared", "lm_head",
        "decoder", "predictions", "output", "embeddings", "my_embeddings", "weight", "bias", "weights",
    ];

    [Test]
    public void Any_name_is_read_as_the_expressions_read_it()
    {
        var random = new Random(5);
        var met = new HashSet<bool>();
        for (int k = 0; k < 50_000; k++)
        {
            string name = string.Join('.', Enumerable.Range(0, random.Next(1, 7)).Select(_ => Parts[random.Next(Parts.Length)]));
            Match match = Layer.Match(name);
            LayerName expected = match.Success && int.TryParse(match.Groups["number"].Value, out int number)
                ? new LayerName(match.Groups["stack"].Value, number)
                : default;
            Assert.That(LayerName.Parse(name), Is.EqualTo(expected), name);
            met.Add(match.Success);
        }

        Assert.That(met, Has.Count.EqualTo(2), "each kind of name comes up");
    }
}
