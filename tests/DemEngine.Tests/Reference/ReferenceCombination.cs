using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Reference;

/// <summary><see cref="LinearCombination"/> as its documentation words it, one element after the other.</summary>
internal static class ReferenceCombination
{
    public static NonFinite Run(LinearCombination combination, TypedBytes[] inputs, ElementType outputType, Span<byte> output)
    {
        var outputFloat = ReferenceFloat.Of(outputType);
        ReferenceFloat[] inputFloats = [.. inputs.Select(input => ReferenceFloat.Of(input.Type))];
        Term[] terms = [.. combination.Terms];
        double[] values = new double[inputs.Length];
        int first = combination.UsesBase ? 1 : 0;
        NonFinite nonFinite = default;

        for (int i = 0; i < output.Length / outputFloat.Size; i++)
        {
            int nonFiniteInputs = 0;
            for (int k = 0; k < inputs.Length; k++)
            {
                ulong encoding = inputFloats[k].Load(inputs[k].Bytes.Span, i);
                values[k] = inputFloats[k].Value(encoding);
                nonFiniteInputs += inputFloats[k].IsFinite(encoding) ? 0 : 1;
            }

            ulong result = outputFloat.Round(Sum(combination.StartsFromBase, terms, values, first));
            outputFloat.Store(output, i, result);
            if (!outputFloat.IsFinite(result))
                nonFinite += new NonFinite(nonFiniteInputs, 1);
        }

        return nonFinite;
    }

    private static double Sum(bool startsFromBase, Term[] terms, double[] values, int first)
    {
        double acc = startsFromBase ? values[0] : 0;
        for (int k = 0; k < terms.Length; k++)
        {
            double weight = terms[k].Weight;
            double added = weight * values[k + first];
            acc += added;
            if (terms[k].Kind == TermKind.RelativeToBase)
            {
                double taken = weight * values[0];
                acc -= taken;
            }
        }

        return acc;
    }
}
