using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary>The dot products of each leaf as the remarks on <see cref="GramOrder"/> word them, its constants written out.</summary>
internal static class ReferenceGram
{
    private const int Leaf = 4096;
    private const int Lanes = 256;

    public static double[] Run(bool relativeToBase, TypedBytes[] inputs)
    {
        List<double> sums = [];
        for (int start = 0; start < inputs[0].Count; start += Leaf)
        {
            float[][] vectors = Vectors(relativeToBase, inputs, start);
            for (int i = 0; i < vectors.Length; i++)
            {
                for (int j = i; j < vectors.Length; j++)
                    sums.Add(Dot(vectors[i], vectors[j]));
            }
        }

        return [.. sums];
    }

    private static float[][] Vectors(bool relativeToBase, TypedBytes[] inputs, int start)
    {
        double[][] values = [.. inputs.Select(input => Values(input, start))];
        if (!relativeToBase)
            return [.. values.Select(Singles)];

        double[] b = values[0];
        IEnumerable<double[]> differences = values.Skip(1).Select(x => x.Zip(b, (xi, bi) => xi - bi).ToArray());
        return [.. differences.Append(b).Select(Singles)];
    }

    private static double[] Values(TypedBytes input, int start)
    {
        var type = ReferenceFloat.Of(input.Type);
        double[] values = new double[Leaf];
        for (int j = 0; j < Math.Min(Leaf, input.Count - start); j++)
            values[j] = type.Value(type.Load(input.Bytes.Span, start + j));
        return values;
    }

    private static float[] Singles(double[] values) => [.. values.Select(value => (float)value)];

    private static double Dot(float[] a, float[] b)
    {
        double[] lanes = new double[Lanes];
        for (int j = 0; j < Leaf; j++)
        {
            double product = (double)a[j] * b[j];
            lanes[j % Lanes] += product;
        }

        for (int left = Lanes; left > 1; left /= 2)
            lanes = [.. lanes.Take(left / 2).Zip(lanes.Skip(left / 2), (lower, upper) => lower + upper)];

        return lanes[0];
    }
}
