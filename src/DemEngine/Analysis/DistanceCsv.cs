using System.Globalization;
using System.Text;

namespace DemEngine.Analysis;

/// <summary>
/// Writes <see cref="LayerDistances"/> as comma-separated values (RFC 4180), with one line for each layer and model.
/// </summary>
internal static class DistanceCsv
{
    /// <summary>Returns the text of the file. Numbers round-trip to the same double, and a missing number is NaN.</summary>
    public static string Write(LayerDistances distances)
    {
        var csv = new StringBuilder("layer,model,distance,normalised,relative,base_norm,tensors,parameters\r\n");
        for (int l = 0; l < distances.Layers.Length; l++)
        {
            LayerDistance layer = distances.Layers[l];
            for (int m = 0; m < distances.Models.Length; m++)
            {
                csv.Append(
                    CultureInfo.InvariantCulture,
                    $"{Field(layer.Name)},{Field(distances.Models[m].Label)},"
                    + $"{layer.Distances[m]:r},{distances.Normalised(l, m):r},{layer.RelativeChanges[m]:r},"
                    + $"{layer.BaseNorm:r},{layer.Tensors},{layer.Parameters}\r\n");
            }
        }

        return csv.ToString();
    }

    private static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
